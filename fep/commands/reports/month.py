"""``fep report month`` 月报表: a month's totals by bank and clearing date, and its transactions where wanted."""

from calendar import monthrange
from datetime import date, timedelta
from pathlib import Path

from dbgate.reports.adjustments import adjustments
from dbgate.reports.collected import collected, total
from dbgate.reports.criteria import Criteria, Dimension, Period
from fep.command_line import command, config_option, option
from fep.commands.reports.adjusted import show_adjustments
from fep.commands.reports.collections import mismatches, totals_listing
from fep.commands.reports.detail import detail_listing
from fep.commands.reports.options import Month, criteria_options, names_option, output_options, today
from fep.commands.reports.sources import open_sources
from fep.exits import EXIT_DONE, EXIT_FINDINGS
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.progress import Waiting


@command(
    "month",
    en="""Show a month: totals by bank and clearing date; with --detail each transaction.

The totals of a bank and day are those of its RECON_TOTALS (3001); adjustments stand in a table of their own. Exit code
1 when the states of payments and the rows of their undos do not agree.""",
    zh="""显示一个月: 各银行各清算日期的汇总; 加 --detail 列出每笔交易。

各银行各日的合计与对总账 (3001) 一致; 调账单独列表。交费状态与冲销流水不一致时退出码为 1。""",
)
@config_option
@option(
    "--date", "month", type=Month(), metavar="MONTH", en="YYYY-MM; last month when not given.", zh="年月; 缺省为上月。"
)
@option("--detail", "with_detail", is_flag=True, en="List every transaction.", zh="列出每笔交易。")
@criteria_options
@names_option
@output_options
def month(
    config_path: Path,
    month: date | None,
    with_detail: bool,
    criteria: Criteria,
    with_names: bool,
    outputs: Outputs,
) -> int:
    """Show the totals of each day, and the detail when it is wanted."""
    first = month or _last_month()
    period = Period(first, first.replace(day=monthrange(first.year, first.month)[1]))
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(criteria.banks)
        sources.require_begun(period, criteria.banks)
        by = (Dimension.BANK, Dimension.DAY)
        with Waiting(say(en="adding up", zh="汇总中")):
            groups = collected(sources.snapshots, period, criteria, by)
            adjusted = adjustments(sources.snapshots, period, criteria)
            wrong = mismatches(sources.snapshots, period, criteria)
        name = f"{first:%Y-%m}"
        outputs.show(totals_listing(groups, by, Text(f"Month report {name}", f"月报表 {name}")))
        show_adjustments(outputs, adjusted, name)
        if with_detail:
            sums = total(list(groups.values()))
            title = Text(f"Transactions of {name}", f"{name} 交易明细")
            count = sums.pay_count + sums.undone_count
            outputs.show(
                detail_listing(sources.snapshots, period, criteria, title, with_names=with_names, row_count=count)
            )
    return EXIT_FINDINGS if wrong else EXIT_DONE


def _last_month() -> date:
    return (today().replace(day=1) - timedelta(days=1)).replace(day=1)
