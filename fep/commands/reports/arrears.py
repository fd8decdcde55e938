"""``fep report arrears`` 欠费报表: what is not paid, by whom, and what it costs by now."""

from datetime import date
from pathlib import Path

from dbgate.reports.criteria import Criteria, Dimension
from fep.command_line import command, config_option, option
from fep.commands.reports.debts import Debts, list_listing, sums_listing
from fep.commands.reports.options import (
    Dimensions,
    account_criteria_options,
    day_option,
    names_option,
    output_options,
    period_of,
    period_options,
    today,
)
from fep.commands.reports.sources import open_sources
from fep.exits import EXIT_DONE
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.progress import Waiting


@command(
    "arrears",
    en="""Show unsettled bills: households, bills, principal, late fee; with --list each bill.

Counted are all bills that are open or held by a debit batch as the database has them now, due or not; balances are
not taken off. --date only moves the day to which late fees and overdue days are counted.""",
    zh="""显示未收电费: 户数、笔数、本金、违约金; 加 --list 列出每笔应收。

统计数据库中当前所有未收及代扣中的应收, 不论是否到期, 不扣除预存余额。--date 只改变违约金和逾期天数的计算日。""",
)
@config_option
@day_option(en="Late fees as of this day; today when not given.", zh="违约金计算日; 缺省为今日。")
@option(
    "--by",
    type=Dimensions(Dimension.BRANCH, Dimension.CLASS, Dimension.DAY, Dimension.MONTH, Dimension.BILL_MONTH),
    default="branch,class",
    metavar="NAMES",
    en="Group by branch, class, bill-month, and day or month of the due date; branch,class when not given.",
    zh="分组: branch 供电分公司, class 用户类别, bill-month 电费年月, day/month 到期日/月; 缺省 branch,class。",
)
@period_options
@account_criteria_options
@option("--list", "with_list", is_flag=True, en="List every bill.", zh="列出每笔应收。")
@names_option
@output_options
def arrears(
    config_path: Path,
    day: date | None,
    by: tuple[Dimension, ...],
    first: date | None,
    last: date | None,
    criteria: Criteria,
    with_list: bool,
    with_names: bool,
    outputs: Outputs,
) -> int:
    """Show the sums, and the list when it is wanted."""
    on = day or today()
    due = period_of(None, first, last)
    with open_sources(config_path) as sources, outputs:
        debts = Debts(sources.snapshots, on, due, criteria, sources.settings.rules.late_fee)
        with Waiting(say(en="adding up", zh="汇总中")):
            sums = sums_listing(debts, by, Text(f"Arrears, late fees as of {on}", f"欠费汇总, 违约金算至 {on}"))
        outputs.show(sums)
        if with_list:
            count = 0 if sums.total is None else sums.total[len(by) + 1]
            title = Text(f"Unsettled bills, late fees as of {on}", f"欠费清单, 违约金算至 {on}")
            outputs.show(list_listing(debts, title, with_names=with_names, row_count=count))
    return EXIT_DONE
