"""``fep audit list`` 审计线索: what happened on a day in order of time; ``scripts/audit_trail`` calls it."""

from datetime import date
from pathlib import Path
from typing import Any

from dbgate.reports.trail import TrailEntry, trail
from fep.command_line import command, config_option, option
from fep.commands.audit.sums import show_sums
from fep.commands.audit.words import MOVEMENTS, STEPS, subject, what
from fep.commands.reports.options import day_option, output_options, yesterday
from fep.commands.reports.sources import open_sources
from fep.commands.reports.words import OUTCOMES, STATES, channel
from fep.exits import EXIT_DONE
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing, fep_serial
from fep.listings.outputs import Outputs
from protocol.response_codes import ResponseCode

_CODES = {code.code: code for code in ResponseCode}
_COLUMNS = (
    Column(Text("time", "时间"), Kind.MOMENT),
    Column(Text("kind", "类别")),
    Column(Text("what", "事项")),
    Column(Text("result", "结果")),
    Column(Text("bank", "银行")),
    Column(Text("bank date", "银行日期"), Kind.DAY),
    Column(Text("bank serial", "银行流水号")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("amount", "金额"), Kind.YUAN),
    Column(Text("balance change", "预存变动"), Kind.YUAN),
    Column(Text("outlet", "网点")),
    Column(Text("teller or operator", "柜员或操作员")),
    Column(Text("channel", "渠道")),
    Column(Text("original date", "原银行日期"), Kind.DAY),
    Column(Text("original serial", "原流水号")),
    Column(Text("mends the day", "调账日期"), Kind.DAY),
    Column(Text("of what", "对象")),
    Column(Text("reason", "原因")),
)


@command(
    "list",
    en="""List what happened on a day of the calendar, in order of time.

Movements of money as they stand now, refused money requests, and what operators did. No names or addresses. With
--verify all checks of 'fep audit sums' are made afterwards; exit code 1 when one finds something.""",
    zh="""按时间列出某个自然日发生的一切。

包括流水 (按当前状态)、被拒的交易和操作员的操作, 不含户名和地址。加 --verify 再执行 fep audit sums 的全部核查,
有不符时退出码为 1。""",
)
@config_option
@day_option(en="Day of the calendar; yesterday when not given.", zh="自然日; 缺省为昨日。")
@option("--verify", "with_sums", is_flag=True, en="Check the books too.", zh="同时核查账务。")
@output_options
def list_trail(config_path: Path, day: date | None, with_sums: bool, outputs: Outputs) -> int:
    """Show the trail, and make the checks when they are wanted."""
    on = day or yesterday()
    with open_sources(config_path) as sources, outputs:
        title = Text(f"Trail of {on}", f"{on} 审计线索")
        rows = (_row(entry) for entry in trail(sources.snapshots, on))
        outputs.show(Listing("trail", title, Text("trail", "审计线索"), _COLUMNS, rows, is_list=True))
        return show_sums(sources, None, outputs) if with_sums else EXIT_DONE


def _row(entry: TrailEntry) -> list[Any]:
    said = what(entry.what) if entry.movement is None else MOVEMENTS[entry.movement]
    return [
        *(entry.at, STEPS[entry.step], said, _result(entry), entry.bank_code, entry.bank_date, entry.bank_serial),
        *(fep_serial(entry.fep_serial), entry.account_no, entry.amount_fen, entry.balance_change_fen, entry.outlet),
        *(entry.who, None if entry.channel is None else channel(entry.channel), entry.original_date),
        *(entry.original_serial, entry.mends_date, subject(entry.what, entry.subject), entry.reason),
    ]


def _result(entry: TrailEntry) -> Text | str | None:
    if entry.response_code:
        code = _CODES.get(entry.response_code)
        return entry.response_code if code is None else f"{code.code} {say(en=code.meaning, zh=code.gloss)}"
    if entry.outcome is not None:
        return OUTCOMES.get(entry.outcome, str(entry.outcome))
    return None if entry.state is None else STATES[entry.state]
