"""``fep report statistics`` 统计报表: what was collected and what is not paid, over any time, by whatever measure."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from dbgate.reports.adjustments import adjustments
from dbgate.reports.collected import collected
from dbgate.reports.criteria import OF_BILLS, Criteria, Dimension, Period
from fep.command_line import command, config_option, option
from fep.commands.reports.adjusted import show_adjustments
from fep.commands.reports.collections import statistics_listing
from fep.commands.reports.debts import Debts, sums_listing
from fep.commands.reports.options import (
    Dimensions,
    criteria_options,
    day_option,
    output_options,
    period_of,
    period_options,
    today,
    yesterday,
)
from fep.commands.reports.sources import open_sources
from fep.commands.reports.words import days
from fep.exits import EXIT_DONE
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.progress import Waiting

_DIMENSIONS = tuple(dimension for dimension in Dimension if dimension is not Dimension.BILL_MONTH)


@command(
    "statistics",
    en="""Count and sum payments of a period, and the bills due in it that are still not paid.

Payments count on their clearing date, where they were made: undone ones are shown apart, the net is what stands.
Arrears have branch, class, and day and month of the due date, but no bank, outlet, teller or channel: those are left
out there.""",
    zh="""统计一段时间的收费, 以及其间到期至今未收的欠费。

交费按清算日期计入办理的银行、网点、柜员和渠道; 已冲销的单列, 净额为有效交费。欠费可按供电分公司、
用户类别和到期日/月分组, 不分银行、网点、柜员和渠道。""",
)
@config_option
@day_option(en="One day; yesterday when no period is given.", zh="单日; 缺省为昨日。")
@period_options
@option(
    "--by",
    type=Dimensions(*_DIMENSIONS),
    default="bank",
    metavar="NAMES",
    en="Group by any of bank, outlet, teller, channel, branch, class, day, month, with commas; bank when not given.",
    zh="分组, 以逗号分隔: 银行、网点、柜员、渠道、供电分公司 (branch)、用户类别 (class)、日、月; 缺省 bank。",
)
@criteria_options
@output_options
def statistics(
    config_path: Path,
    day: date | None,
    first: date | None,
    last: date | None,
    by: tuple[Dimension, ...],
    criteria: Criteria,
    outputs: Outputs,
) -> int:
    """Show what was collected, then what is not paid."""
    period = period_of(day, first, last) or Period(yesterday(), yesterday())
    when = days(period)
    of_bills = tuple(dimension for dimension in by if dimension in OF_BILLS)
    of_accounts = replace(Criteria(), branches=criteria.branches, classes=criteria.classes)
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(criteria.banks)
        sources.require_begun(period, criteria.banks)
        debts = Debts(sources.snapshots, today(), period, of_accounts, sources.settings.rules.late_fee)
        with Waiting(say(en="adding up", zh="汇总中")):
            groups = collected(sources.snapshots, period, criteria, by)
            adjusted = adjustments(sources.snapshots, period, criteria)
            unpaid = sums_listing(debts, of_bills, Text(f"Due {when}, not paid today", f"{when} 到期, 至今未收"))
        outputs.show(statistics_listing(groups, by, Text(f"Collected {when}", f"收费统计 {when}")))
        show_adjustments(outputs, adjusted, when)
        outputs.show(unpaid)
    return EXIT_DONE
