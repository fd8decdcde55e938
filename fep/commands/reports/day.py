"""``fep report day`` 日报表: a clearing date's totals by bank, and every transaction of it."""

from datetime import date
from pathlib import Path

import click

from dbgate.reports.adjustments import adjustments
from dbgate.reports.collected import collected
from dbgate.reports.criteria import Criteria, Dimension, Period
from fep.command_line import command, config_option, option
from fep.commands.reports.adjusted import show_adjustments
from fep.commands.reports.collections import mismatches, totals_listing
from fep.commands.reports.detail import detail_listing
from fep.commands.reports.options import (
    OUTPUT_FILE,
    criteria_options,
    day_option,
    names_option,
    output_options,
    refuse_same_file,
    yesterday,
)
from fep.commands.reports.sources import open_sources
from fep.commands.reports.statement import require_whole_banks, write_statement
from fep.exits import EXIT_DONE, EXIT_FINDINGS
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.progress import Waiting


@command(
    "day",
    en="""Show a clearing date: totals by bank, then each payment, cancel and reversal.

The totals of a bank are those of its RECON_TOTALS (3001); adjustments made on that date stand in a table of their own,
and are marked in the detail by the day that they mend. Exit code 1 when the states of payments and the rows of their
undos do not agree; then --camt writes nothing.""",
    zh="""显示一个清算日期: 各银行汇总, 以及每笔交费、撤销和冲正。

各银行的合计与对总账 (3001) 一致; 该日所做的调账单独列表, 明细中注明所调日期。
交费状态与冲销流水不一致时退出码为 1, 且 --camt 不写文件。""",
)
@config_option
@day_option(en="Clearing date; yesterday when not given.", zh="清算日期; 缺省为昨日。")
@criteria_options
@names_option
@option(
    *("--camt", "camt_path"),
    type=OUTPUT_FILE,
    metavar="FILE",
    en="Write an ISO 20022 camt.053 statement of each bank for the ledger; the day must be over.",
    zh="写入 ISO 20022 camt.053 账户报表, 每银行一份, 供财务系统导入; 该日须已日切。",
)
@output_options
def day(
    config_path: Path,
    day: date | None,
    criteria: Criteria,
    with_names: bool,
    camt_path: Path | None,
    outputs: Outputs,
) -> int:
    """Show the totals and the detail of a day, and write its statements when they are wanted."""
    refuse_same_file({"--csv": outputs.csv_path, "--xlsx": outputs.xlsx_path, "--camt": camt_path})
    if camt_path is not None:
        require_whole_banks(criteria)
    on = day or yesterday()
    period = Period(on, on)
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(criteria.banks)
        sources.require_begun(period, criteria.banks)
        by = (Dimension.BANK,)
        with Waiting(say(en="adding up", zh="汇总中")):
            groups = collected(sources.snapshots, period, criteria, by)
            adjusted = adjustments(sources.snapshots, period, criteria)
            wrong = mismatches(sources.snapshots, period, criteria)
        outputs.show(totals_listing(groups, by, Text(f"Day report {on}", f"日报表 {on}")))
        show_adjustments(outputs, adjusted, str(on))
        if camt_path is None or outputs.has_files:
            count = sum(sums.pay_count + sums.undone_count for sums in groups.values())
            title = Text(f"Transactions of {on}", f"{on} 交易明细")
            detail = detail_listing(sources.snapshots, period, criteria, title, with_names=with_names, row_count=count)
            outputs.show(detail)
        if camt_path is not None:
            if wrong:
                click.echo(say(en=f"{camt_path} was not written", zh=f"未写入 {camt_path}"), err=True)
            else:
                write_statement(camt_path, sources, on, criteria.banks, with_names=with_names)
    return EXIT_FINDINGS if wrong else EXIT_DONE
