"""``fep debit list`` 代扣批次列表: which batches there are, and how far each has come."""

from datetime import date
from pathlib import Path

from dbgate.books.debit_batches import batches
from dbgate.books.states import BatchState
from fep.command_line import Choice, command, config_option, option
from fep.commands.debit.words import batch_listing
from fep.commands.reports.options import Month, bank_option, output_options
from fep.commands.reports.sources import open_sources
from fep.exits import EXIT_DONE
from fep.language import Text
from fep.listings.outputs import Outputs


@command("list", en="List debit batches, newest first.", zh="列出代扣批次, 新的在前。")
@config_option
@bank_option
@option("--month", "month", type=Month(), metavar="MONTH", en="Only of bills of this month.", zh="仅此电费年月。")
@option(
    *("--state", "states"),
    multiple=True,
    type=Choice(*(state.value for state in BatchState)),
    en="Only in this state; may be repeated.",
    zh="仅此状态; 可重复。",
)
@output_options
def list_batches(
    config_path: Path, banks: tuple[str, ...], month: date | None, states: tuple[str, ...], outputs: Outputs
) -> int:
    """Show the batches."""
    number = None if month is None else month.year * 100 + month.month
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(banks)
        found = batches(sources.snapshots[0], banks=banks, month=number, states=tuple(map(BatchState, states)))
        outputs.show(batch_listing(found, Text("Debit batches", "代扣批次")))
    return EXIT_DONE
