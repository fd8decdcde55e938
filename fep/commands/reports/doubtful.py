"""``fep report doubtful`` 可疑交易报表: what an auditor should look at."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from dbgate.reports.criteria import Period
from dbgate.reports.doubtful import Doubtful, Limits
from dbgate.reports.doubtful import doubtful as doubtful_rows
from fep.command_line import WholeNumber, command, config_option, option
from fep.commands.reports.options import (
    Yuan,
    bank_option,
    day_option,
    output_options,
    period_of,
    period_options,
    yesterday,
)
from fep.commands.reports.sources import open_sources
from fep.commands.reports.words import DOUBTS, days
from fep.exits import EXIT_DONE, EXIT_FINDINGS
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing, fep_serial
from fep.listings.outputs import Outputs
from fep.progress import Waiting
from protocol.response_codes import ResponseCode

_DAY_MINUTES = 24 * 60
_COUNT_MAX = 1_000_000
_DEFAULTS = Limits()
_CODES = {code.code: code for code in ResponseCode}
_HARMLESS = (ResponseCode.NOTHING_TO_PAY.code,)

_COLUMNS = (
    Column(Text("why", "类别")),
    Column(Text("detail", "说明")),
    Column(Text("bank", "银行")),
    Column(Text("date", "日期"), Kind.DAY),
    Column(Text("time", "时间"), Kind.MOMENT),
    Column(Text("bank serial", "银行流水号")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("amount", "金额"), Kind.YUAN),
    Column(Text("outlet", "网点")),
    Column(Text("teller", "柜员")),
)


@command(
    "doubtful",
    en="""List doubtful transactions; exit code 1 when there are any.

\b
refused      a payment was refused, the account has had none since
             (2002 nothing to pay left out, unknown accounts too)
unarrived    reversed before it arrived, no payment since
late undo    undone more than --undo-minutes after it was made
large cash   cash at or over --cash-limit
repeated     same account, day and amount more than once
many undos   a teller with --undo-count or more

Refusals go by the calendar, all else by the clearing date.""",
    zh="""列出可疑交易; 有发现时退出码为 1。

\b
被拒      交费被拒后该户未再交费
          (不含 2002 无欠费和不存在的户号)
未到达    到达前被冲正, 此后未再交费
延迟冲销  交费后超过 --undo-minutes 分钟才冲销
大额现金  现金达到 --cash-limit
重复      同户同日同额多笔有效交费
频繁冲销  柜员冲销达到 --undo-count 笔

被拒交易按自然日, 其余按清算日期。""",
)
@config_option
@day_option(en="One day; yesterday when no period is given.", zh="单日; 缺省为昨日。")
@period_options
@bank_option
@option(
    "--undo-minutes",
    type=WholeNumber(0, _DAY_MINUTES),
    default=_DEFAULTS.undo_minutes,
    metavar="MINUTES",
    en="An undo later than this is late; 30 when not given.",
    zh="超过此分钟数的冲销为延迟; 缺省 30。",
)
@option(
    "--cash-limit",
    "cash_fen",
    type=Yuan(),
    default=_DEFAULTS.cash_fen,
    metavar="YUAN",
    en="From here on cash is a large sum; 50000.00 when not given.",
    zh="大额现金的起点, 元; 缺省 50000.00。",
)
@option(
    "--undo-count",
    type=WholeNumber(1, _COUNT_MAX),
    default=_DEFAULTS.undo_count,
    metavar="COUNT",
    en="So many undos of a teller are many; 5 when not given.",
    zh="柜员冲销达到此笔数为频繁; 缺省 5。",
)
@output_options
def doubtful(
    config_path: Path,
    day: date | None,
    first: date | None,
    last: date | None,
    banks: tuple[str, ...],
    undo_minutes: int,
    cash_fen: int,
    undo_count: int,
    outputs: Outputs,
) -> int:
    """List the findings."""
    period = period_of(day, first, last) or Period(yesterday(), yesterday())
    limits = Limits(undo_minutes, cash_fen, undo_count, _HARMLESS)
    when = days(period)
    title = Text(f"Doubtful transactions {when}", f"可疑交易 {when}")
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(banks)
        sources.require_begun(period, banks)
        rows = _rows(doubtful_rows(sources.snapshots, period, limits, banks))
        count = outputs.show(Listing("doubtful", title, Text("doubtful", "可疑交易"), _COLUMNS, rows))
    return EXIT_FINDINGS if count else EXIT_DONE


def _rows(found: Iterator[Doubtful]) -> Iterator[list[Any]]:
    with Waiting(say(en="looking", zh="查找中")):  # it ends with the rows, before a terminal is drawn on
        for one in found:
            yield [
                *(DOUBTS[one.doubt], _detail(one), one.bank_code, one.day, one.moment, one.bank_serial),
                *(fep_serial(one.fep_serial), one.account_no, one.amount_fen, one.outlet, one.teller),
            ]


def _detail(one: Doubtful) -> str:
    """Return what made it doubtful, beyond its kind."""
    if one.response_code:
        code = _CODES.get(one.response_code)
        return one.response_code if code is None else f"{code.code} {say(en=code.meaning, zh=code.gloss)}"
    if one.minutes is not None:
        return say(en=f"after {one.minutes} minutes", zh=f"{one.minutes} 分钟后")
    return say(en=f"{one.times} times", zh=f"{one.times} 笔") if one.times > 1 else ""
