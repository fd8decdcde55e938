"""``fep report day`` 日报表: a clearing date's totals by bank, and every transaction of it."""

from datetime import date
from pathlib import Path

from dbgate.reports.collected import collected, total
from dbgate.reports.criteria import Criteria, Dimension, Period
from fep.command_line import EXIT_DONE, EXIT_FINDINGS, command, config_option
from fep.commands.reports.collections import mismatches, totals_listing
from fep.commands.reports.detail import detail_listing
from fep.commands.reports.options import (
    criteria_options,
    day_option,
    names_option,
    output_options,
    yesterday,
)
from fep.commands.reports.sources import open_sources
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.progress import Waiting


@command(
    "day",
    en="""Show a clearing date: totals by bank, then each payment, cancel and reversal.

The totals of a bank are those of its RECON_TOTALS (3001). Exit code 1 when the states of payments and the rows of their
undos do not agree.""",
    zh="""显示一个清算日期: 各银行汇总, 以及每笔交费、撤销和冲正。

各银行的合计与对总账 (3001) 一致。交费状态与冲销流水不一致时退出码为 1。""",
)
@config_option
@day_option(en="Clearing date; yesterday when not given.", zh="清算日期; 缺省为昨日。")
@criteria_options
@names_option
@output_options
def day(config_path: Path, day: date | None, criteria: Criteria, with_names: bool, outputs: Outputs) -> int:
    """Show the totals and the detail of a day."""
    on = day or yesterday()
    period = Period(on, on)
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(criteria.banks)
        sources.require_begun(period, criteria.banks)
        by = (Dimension.BANK,)
        with Waiting(say(en="adding up", zh="汇总中")):
            groups = collected(sources.snapshots, period, criteria, by)
            wrong = mismatches(sources.snapshots, period, criteria)
        outputs.show(totals_listing(groups, by, Text(f"Day report {on}", f"日报表 {on}")))
        sums = total(list(groups.values()))
        title = Text(f"Transactions of {on}", f"{on} 交易明细")
        count = sums.pay_count + sums.undone_count
        outputs.show(detail_listing(sources.snapshots, period, criteria, title, with_names=with_names, row_count=count))
    return EXIT_FINDINGS if wrong else EXIT_DONE
