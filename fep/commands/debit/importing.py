"""``fep debit import`` 回盘: posts what banks say became of their debit lists."""

from pathlib import Path

import click

from dbgate.books.debit_lists import debit_sums, debits_to_look_at
from dbgate.books.states import BatchState, DebitState
from fep.command_line import command, config_option, option
from fep.commands.debit.options import each_file, one_bank_option, opened_bank
from fep.commands.debit.words import rows_listing, sums_listing
from fep.commands.reports.options import output_options
from fep.debits.bank_site import BankSite
from fep.debits.results import Posted, post_result, result_names
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.language import Text, say
from fep.listings.outputs import Outputs
from fep.operators import present_operator


@command(
    "import",
    en="""Post the results of debit batches that have come from a bank.

A file is compared with what was listed, row by row, before anything of it is posted; one that differs is refused whole
(exit code 2). Each debited row is posted once, however often its file comes; the bills of the others are free again.

Exit code 1 when there is something to look at: an amount other than listed or a bill settled meanwhile, whose money
went to the balance, or a debit that was not posted because its date and serial are another payment's. Such a row stays
listed and the batch out, until a corrected file is imported or the batch is released.""",
    zh="""将银行的代扣回盘入账。

入账前先将文件与出盘逐行核对, 不符则整个文件拒绝 (退出码 2)。每笔扣款只入账一次, 文件可重复处理; 未扣款的应收恢复未收。

有需要查看的情况时退出码为 1: 金额与出盘不符或应收已另行销账 (款项转入预存); 扣款日期和流水号已被其他交易使用而未入账,
该行仍待回盘, 批次仍为已出盘, 直至装入更正的文件或释放批次。""",
)
@config_option
@one_bank_option
@option(
    *("--file", "file"),
    type=click.Path(path_type=Path),
    metavar="FILE",
    en="Only this file: a name in the bank's folder, or a path; all when not given.",
    zh="仅此文件: 银行目录中的文件名, 或路径; 缺省为全部。",
)
@output_options
def import_results(config_path: Path, bank_code: str, file: Path | None, outputs: Outputs) -> int:
    """Post each file and show what became of its rows."""
    looked_at = []
    with opened_bank(config_path, bank_code) as site, outputs:
        names = result_names(site) if file is None else [file.name]

        def take(name: str) -> None:
            posted = _post(site, name, file)
            if posted.is_repeated:
                click.echo(say(en=f"{name}: was posted before", zh=f"{name}: 此前已入账"), err=True)
            else:
                _show(site, name, posted, outputs)
            if posted.findings or posted.batch.state is BatchState.OUT:
                looked_at.append(name)

        exit_code = each_file(names, take)
        if not names:
            click.echo(say(en=f"{bank_code}: no debit result", zh=f"{bank_code}: 没有回盘文件"), err=True)
    return exit_code or (EXIT_FINDINGS if looked_at else EXIT_DONE)


def _post(site: BankSite, name: str, file: Path | None) -> Posted:
    path = file if file is not None and file.parent != Path() else None
    try:
        return post_result(site, name, present_operator(), path)
    except FileNotFoundError:
        where = path or site.folder.incoming / name
        raise CommandFailed(EXIT_BAD_INPUT, en=f"{where}: there is no such file", zh=f"{where}: 没有此文件") from None


def _show(site: BankSite, name: str, posted: Posted, outputs: Outputs) -> None:
    batch = posted.batch
    with site.reading() as snapshots:
        sums = debit_sums(snapshots, batch.batch_no)
        outputs.show(sums_listing(sums, Text(f"Result {name}", f"回盘 {name}")))
        count = sum(each.row_count for each in sums if each.state is not DebitState.SETTLED)
        if count:
            rows = (debit for each in snapshots for debit in debits_to_look_at(each, batch.batch_no))
            title = Text("Rows that settled no bill", "未销账的明细")
            outputs.show(rows_listing(rows, title, count, posted.findings))
    if batch.state is BatchState.OUT:
        click.echo(
            say(
                en=f"debit batch {batch.batch_no:012d} stays out: rows of it could not be posted",
                zh=f"代扣批次 {batch.batch_no:012d} 仍为已出盘: 有明细未能入账",
            ),
            err=True,
        )
