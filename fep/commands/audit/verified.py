"""``fep audit verify`` 审计日志校验: whether the chains of the audit log hold, and where the first one does not."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from dbgate.audits.told import posted_since
from dbgate.books.audit_seals import seals_of
from fep.audit.faults import Break
from fep.audit.folders import chain_folders
from fep.audit.movement_check import MARGIN, Differing, ToldMovements, told_from
from fep.audit.seals import SealKey, seal_keys
from fep.audit.verifying import Verifier, Walked
from fep.audit.witnesses import Witnesses
from fep.clock import shanghai_now
from fep.command_line import Day, command, config_option, option
from fep.commands.reports.options import output_options, yesterday
from fep.commands.reports.sources import Sources, open_sources
from fep.config.configuration import load
from fep.config.key_stores import open_key_store
from fep.config.settings import Settings
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing, fep_serial
from fep.listings.outputs import Outputs

DAY = timedelta(days=1)

_CHAINS = (
    Column(Text("chain", "链")),
    Column(Text("number", "编号")),
    Column(Text("files", "文件数"), Kind.COUNT),
    Column(Text("lines", "行数"), Kind.COUNT),
    Column(Text("first", "首行时间")),
    Column(Text("last", "末行时间")),
    Column(Text("days sealed", "已封存日数"), Kind.COUNT),
    Column(Text("last seal", "最近封存")),
    Column(Text("result", "结果")),
)
_BREAKS = (
    Column(Text("what", "类别")),
    Column(Text("file", "文件")),
    Column(Text("line of the file", "文件行")),
    Column(Text("line of the chain", "链行号")),
    Column(Text("what is wrong", "说明")),
)
_MOVEMENTS = (
    Column(Text("what", "类别")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("bank", "银行")),
    Column(Text("clearing date", "清算日期")),
    Column(Text("amount as told", "日志金额"), Kind.YUAN),
    Column(Text("amount in the database", "数据库金额"), Kind.YUAN),
    Column(Text("what is wrong", "说明")),
)
_NOTICES = (Column(Text("chain", "链")), Column(Text("notice", "提示")))


@command(
    "verify",
    en="""Verify the audit log: each line's hash, each seal, and what the database knows of the seals.

For each chain it says what it has, and the first link that does not hold, with file and line; exit code 1 then. What a
crash leaves is a notice and no finding. It may run while the daemons write. docs/audit-log.md has the format.""",
    zh="""校验审计日志: 每行的哈希、每个封存, 以及数据库对封存的记录。

列出每条链的情况; 有断链时给出首个断点的文件和行, 退出码为 1。异常退出留下的痕迹只作提示。可在前置机运行时执行。
格式见 docs/audit-log.zh-CN.md。""",
)
@config_option
@option("--chain", "chain_names", multiple=True, metavar="NAME", en="Only this chain, e.g. daemon-1.", zh="仅此链。")
@option(
    *("--from", "since"),
    type=Day(),
    metavar="DATE",
    en="Only the files that have lines of this day or later.",
    zh="仅含此日及以后各行的文件。",
)
@option(
    *("--with", "others"),
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    en="Another directory too: an archive, or another machine's.",
    zh="同时校验另一目录: 归档, 或其他机器的日志。",
)
@option("--no-seals", is_flag=True, en="Without the key store: hashes alone.", zh="不用密钥库: 只校验哈希。")
@option("--no-database", is_flag=True, en="Without the database.", zh="不用数据库。")
@option(
    "--movements",
    is_flag=True,
    en="Compare the movements of the database with what the logs tell, from --from on; of yesterday on without it.",
    zh="将数据库流水与日志核对, 自 --from 起; 未指定时自昨日起。",
)
@output_options
def verify(
    config_path: Path,
    chain_names: Sequence[str],
    since: date | None,
    others: Sequence[Path],
    no_seals: bool,
    no_database: bool,
    movements: bool,
    outputs: Outputs,
) -> int:
    """Walk all chains, and show what they have and what is wrong."""
    settings = load(config_path)
    directories = [settings.audit.directory, *others]
    folders = _folders(directories, chain_names)
    keys = None if no_seals else _keys(settings)
    if movements and (no_database or chain_names):
        raise click.UsageError(
            say(
                en="--movements needs the database, and all chains",
                zh="--movements 需要数据库和全部链, 不与 --no-database、--chain 同用",
            )
        )
    with ExitStack() as open_things, outputs:
        witnesses, told = None, None
        if movements:
            told = ToldMovements(since or yesterday(), shanghai_now() - MARGIN)
        if not no_database:  # before the files are looked at, so that they have all that it knows
            sources = open_things.enter_context(open_sources(config_path))
            witnesses = _witnesses(sources)
        verifier = Verifier(keys, None if witnesses is None else witnesses.lines(), None if told is None else told.take)
        # A day of the clearing begins in the evening before.
        walks = [verifier.walk(folder, None if since is None else since - DAY) for folder in folders]
        breaks = [walked.broken for walked in walks if walked.broken is not None]
        if witnesses is not None and not chain_names:
            breaks += witnesses.missing((walked.chain for walked in walks), directories)
        _show(walks, breaks, witnesses, directories, outputs)
        count = 0 if told is None else _show_movements(told, sources, walks, outputs)
    return EXIT_FINDINGS if breaks or count else EXIT_DONE


def _folders(directories: Sequence[Path], chain_names: Sequence[str]) -> list[Path]:
    found = [folder for directory in directories for folder in chain_folders(directory)]
    for name in chain_names:
        if not any(folder.name == name for folder in found):
            there = ", ".join(folder.name for folder in found) or "-"
            raise CommandFailed(
                EXIT_BAD_INPUT, en=f"there is no chain {name}; there are: {there}", zh=f"没有链 {name}; 现有: {there}"
            )
    if not found:
        click.echo(say(en=f"no audit log in {directories[0]}", zh=f"{directories[0]} 中没有审计日志"), err=True)
    return [folder for folder in found if not chain_names or folder.name in chain_names]


def _show_movements(told: ToldMovements, sources: Sources, walks: Sequence[Walked], outputs: Outputs) -> int:
    """Show where journal and logs differ; return how often."""
    posted = (row for connection in sources.snapshots for row in posted_since(connection, told.since))
    begun = told_from(walks)
    rows = (_differing_row(each) for each in told.compare(posted, begun)) if begun is not None else ()
    title = Text(f"Movements from {told.since} on that differ", f"{told.since} 起与日志不符的流水")
    tab = Text("movements", "流水")
    return outputs.show(Listing("movements", title, tab, _MOVEMENTS, rows, is_list=True))


def _differing_row(each: Differing) -> list[Any]:
    day = each.clearing_date
    return [
        *(each.what.value, fep_serial(each.fep_serial), each.bank_code, f"{day[:4]}-{day[4:6]}-{day[6:]}"),
        *(each.told_fen, each.posted_fen, each.what.text),
    ]


def _keys(settings: Settings) -> list[SealKey]:
    return seal_keys(open_key_store(settings))


def _witnesses(sources: Sources) -> Witnesses:
    return Witnesses(seals_of(sources.snapshots[0]))


def _show(
    walks: Sequence[Walked],
    breaks: Sequence[Break],
    witnesses: Witnesses | None,
    directories: Sequence[Path],
    outputs: Outputs,
) -> None:
    title = Text("Chains of the audit log", "审计日志链")
    rows = [_chain_row(walked) for walked in walks]
    outputs.show(Listing("chains", title, Text("chains", "链"), _CHAINS, rows))
    title = Text("First links that do not hold", "首个断点")
    outputs.show(Listing("breaks", title, Text("breaks", "断点"), _BREAKS, [_break_row(each) for each in breaks]))
    notices = list(_notices(walks, witnesses, directories))
    if notices:
        outputs.show(Listing("notices", Text("Notices", "提示"), Text("notices", "提示"), _NOTICES, notices))


def _chain_row(walked: Walked) -> list[Any]:
    result = Text("holds", "完好") if walked.broken is None else Text("BROKEN", "断链")
    if walked.is_written and walked.broken is None:
        result = Text("holds, being written", "完好, 正在写入")
    seal = f"{walked.seal_line}, {walked.seal_at}" if walked.seal_line else None
    return [
        *(walked.folder.name, walked.chain, walked.file_count, walked.line_count, walked.first_at, walked.last_at),
        *(walked.day_count, seal, result),
    ]


def _break_row(each: Break) -> list[Any]:
    return [each.fault.value, str(each.path), each.file_line or None, each.line_no, each.fault.text]


def _notices(walks: Iterable[Walked], witnesses: Witnesses | None, directories: Sequence[Path]) -> Iterator[list[Any]]:
    walked = list(walks)
    for each in walked:
        for notice in each.notices:
            yield [each.folder.name, notice]
    if witnesses is not None:
        for place in witnesses.elsewhere((each.chain for each in walked), directories):
            yield [place, Text("the database knows this chain; it is not looked at here", "数据库记录的链, 未在此校验")]
