"""``fep audit log`` 审计日志查询: what stands in the audit log, in order of time."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from fep.audit.folders import chain_folders
from fep.audit.lines import Kind as LineKind
from fep.audit.reading import Criteria, lines_of
from fep.clock import SHANGHAI
from fep.command_line import Choice, command, config_option, option
from fep.commands.reports.options import bank_option, day_option, output_options, period_of, period_options, today
from fep.config.configuration import load
from fep.exits import EXIT_DONE
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs

_COLUMNS = (
    Column(Text("time", "时间"), Kind.MOMENT),
    Column(Text("chain", "链")),
    Column(Text("line", "行号")),
    Column(Text("kind", "类别")),
    Column(Text("who", "何人")),
    Column(Text("from where", "来源")),
    Column(Text("what", "事项")),
    Column(Text("result", "结果")),
    Column(Text("bank", "银行")),
    Column(Text("bank serial", "银行流水号")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("clearing date", "清算日期")),
    Column(Text("account, masked", "户号 (脱敏)")),
    Column(Text("amount", "金额"), Kind.YUAN),
    Column(Text("more", "其他")),
)
_KINDS = {
    "file": Text("file begun", "新文件"),
    "opened": Text("writer begun", "开始写入"),
    "configuration": Text("configuration", "配置"),
    "link": Text("link", "链路"),
    "money": Text("money", "资金"),
    "refusal": Text("refusal", "拒绝"),
    "operator_act": Text("operator", "操作员"),
    "key_act": Text("keys", "密钥"),
    "command": Text("command", "命令"),
    "lost": Text("lines lost", "丢失"),
    "seal": Text("seal", "封存"),
}
_SHOWN = frozenset(
    {
        *("seq", "at", "kind", "hash", "key", "mac", "settings", "files"),
        *("operator", "teller_id", "user", "peer", "host", "terminal", "link"),
        *("transaction", "act", "command", "cause", "by", "result", "exit_code", "response_code"),
        *("bank_code", "bank_serial", "fep_serial", "clearing_date", "account_no", "amount_fen"),
    }
)
"""What has a column, and what only a program reads."""


@command(
    "log",
    en="""List what stands in the audit log, in order of time; of today when no day is given.

It is read and not verified: `fep audit verify` does that. Accounts are masked; `fep audit list` has the day's movements
with their accounts from the database.""",
    zh="""按时间列出审计日志的内容; 不指定日期时为今日。

只读取, 不校验 (校验用 `fep audit verify`)。户号已脱敏; 带户号的当日流水见 `fep audit list`。""",
)
@config_option
@day_option(en="Day of the calendar.", zh="自然日。")
@period_options
@bank_option
@option(
    *("--kind", "kinds"),
    multiple=True,
    type=Choice(*(kind.value for kind in LineKind)),
    en="Only lines of this kind; may be repeated.",
    zh="仅此类别; 可重复。",
)
@option("--who", default="", metavar="NAME", en="Only of this operator or teller.", zh="仅此操作员或柜员。")
@option(
    *("--with", "others"),
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    en="Another directory too: an archive, or another machine's.",
    zh="同时读取另一目录: 归档, 或其他机器的日志。",
)
@output_options
def list_log(
    config_path: Path,
    day: date | None,
    first: date | None,
    last: date | None,
    banks: Sequence[str],
    kinds: Sequence[str],
    who: str,
    others: Sequence[Path],
    outputs: Outputs,
) -> int:
    """Show the lines that are wanted."""
    period = period_of(day, first, last)
    begins, ends = (today(), today()) if period is None else (period.first, period.last)
    criteria = Criteria(begins, ends, frozenset(kinds), frozenset(banks), who)
    directories = [load(config_path).audit.directory, *others]
    folders = [folder for directory in directories for folder in chain_folders(directory)]
    with outputs:
        title = Text(f"Audit log, {begins} to {ends}", f"审计日志, {begins} 至 {ends}")
        rows = _rows(folders, criteria)
        outputs.show(Listing("log", title, Text("audit log", "审计日志"), _COLUMNS, rows, is_list=True))
    return EXIT_DONE


def _rows(folders: Sequence[Path], criteria: Criteria) -> Iterator[list[Any]]:
    for folder, said in lines_of(folders, criteria):
        yield _row(folder, said)


def _row(folder: Path, said: dict[str, Any]) -> list[Any]:
    who = said.get("operator") or said.get("teller_id") or said.get("user")
    where = " ".join(str(said[name]) for name in ("peer", "host", "terminal") if said.get(name))
    what = said.get("transaction") or said.get("act") or said.get("command") or said.get("cause") or said.get("by")
    result = said.get("response_code") or said.get("result")
    more = {name: value for name, value in said.items() if name not in _SHOWN}
    if said.get("exit_code"):
        result = f"{result}, {said['exit_code']}"
    return [
        datetime.fromisoformat(said["at"]).astimezone(SHANGHAI).replace(tzinfo=None),
        *(folder.name, str(said["seq"]), _KINDS.get(said["kind"], said["kind"]), who, where, what, result),
        *(said.get("bank_code"), said.get("bank_serial"), said.get("fep_serial"), said.get("clearing_date")),
        *(said.get("account_no"), said.get("amount_fen"), _short(more)),
    ]


def _short(more: dict[str, Any]) -> str:
    return json.dumps(more, ensure_ascii=False) if more else ""
