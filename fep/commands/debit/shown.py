"""``fep debit show`` 代扣批次详情: one batch, what became of its rows, and the rows."""

from pathlib import Path

from dbgate.books.debit_batches import batch
from dbgate.books.debit_lists import debit_sums
from fep.command_line import command, config_option
from fep.commands.debit.options import batch_argument, no_batch
from fep.commands.debit.words import batch_listing, rows_listing, sums_listing
from fep.commands.reports.options import output_options
from fep.commands.reports.sources import open_sources
from fep.debits.file_rows import in_order
from fep.exits import EXIT_DONE
from fep.language import Text
from fep.listings.outputs import Outputs


@command(
    "show",
    en="Show one debit batch: what became of its rows, and each row.",
    zh="显示一个代扣批次: 各种结果的汇总及全部明细。",
)
@batch_argument
@config_option
@output_options
def show(batch_no: int, config_path: Path, outputs: Outputs) -> int:
    """Show the batch, its sums and its rows."""
    with open_sources(config_path) as sources, outputs:
        found = batch(sources.snapshots[0], batch_no)
        if found is None:
            raise no_batch(batch_no)
        sums = debit_sums(sources.snapshots, batch_no)
        outputs.show(batch_listing([found], Text(f"Debit batch {batch_no:012d}", f"代扣批次 {batch_no:012d}")))
        outputs.show(sums_listing(sums, Text("What became of its rows", "明细结果汇总")))
        rows = (debit for _, debit in in_order(sources.snapshots, batch_no))
        count = sum(each.row_count for each in sums)
        outputs.show(rows_listing(rows, Text("Rows", "明细"), count, {}))
    return EXIT_DONE
