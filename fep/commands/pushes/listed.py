"""``fep push list`` 划拨清单: how many pushes there are, and those that a person must look at."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dbgate.books.records import Push
from dbgate.books.states import PushState
from dbgate.reports.pushes import PushCount, counted_pushes, listed_pushes
from fep.command_line import Choice, command, config_option, option
from fep.commands.pushes.words import REASONS, STATES
from fep.commands.reports.options import bank_option, output_options
from fep.commands.reports.sources import Sources, open_sources
from fep.exits import EXIT_DONE
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing, fep_serial
from fep.listings.outputs import Outputs

_COUNTED = (
    Column(Text("bank", "银行")),
    Column(Text("state", "状态")),
    Column(Text("count", "笔数"), Kind.COUNT),
)
_LISTED = (
    Column(Text("bank", "银行")),
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("bill", "应收凭证号")),
    Column(Text("state", "状态")),
    Column(Text("reason", "原因")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("tries", "划拨次数"), Kind.COUNT),
    Column(Text("loaded at", "装入时间"), Kind.MOMENT),
    Column(Text("pushed at", "最近划拨时间"), Kind.MOMENT),
    Column(Text("refusal", "拒绝原因码")),
    Column(Text("debit date", "扣款日期"), Kind.DAY),
    Column(Text("debit serial", "扣款流水号")),
    Column(Text("debited", "扣款金额"), Kind.YUAN),
    Column(Text("posted as", "入账流水号")),
    Column(Text("reported", "须核对")),
    Column(Text("drop proposed by", "提请了结人")),
)


@command(
    "list",
    en="""Count the pushed bills of each bank by state, and list the dead ones or those of --state.

dead: the bank has answered so that a person must look at it (docs/push.md says what to do). reported: not all of what
was debited has settled the bill. Customers' names are not shown.""",
    zh="""按银行和状态统计实时划拨的应收, 并列出待人工查实 (dead) 的或 --state 所选的。

dead: 银行的应答须由人工查实 (处理方法见 docs/push.zh-CN.md)。须核对: 扣款未全部用于该笔应收。不显示户名。""",
)
@config_option
@bank_option
@option(
    *("--state", "states"),
    multiple=True,
    type=Choice(*(state.value for state in PushState), "all"),
    en="List those in this state; may be repeated; all lists every one.",
    zh="列出此状态的; 可重复; all 为全部。",
)
@output_options
def list_pushes(config_path: Path, banks: tuple[str, ...], states: tuple[str, ...], outputs: Outputs) -> int:
    """Show counts, then a row for each push."""
    wanted = tuple(PushState) if "all" in states else tuple(map(PushState, states)) or (PushState.DEAD,)
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(banks)
        title = Text("Pushed bills", "实时划拨")
        outputs.show(Listing("pushes", title, Text("counts", "统计"), _COUNTED, _counts(sources, banks)))
        rows = _rows(push for each in sources.snapshots for push in listed_pushes(each, wanted, banks))
        words = [STATES[state] for state in wanted]
        title = Text(
            f"Pushed bills: {', '.join(word.en for word in words)}", f"实时划拨: {'、'.join(word.zh for word in words)}"
        )
        outputs.show(Listing("list", title, Text("pushed bills", "划拨清单"), _LISTED, rows, is_list=True))
    return EXIT_DONE


def _counts(sources: Sources, banks: tuple[str, ...]) -> list[list[Any]]:
    """Return the counts of all databases together."""
    totals: dict[tuple[str, PushState], int] = {}
    for each in sources.snapshots:
        for counted in counted_pushes(each, banks):
            totals[_key(counted)] = totals.get(_key(counted), 0) + counted.count
    order = list(PushState)
    keys = sorted(totals, key=lambda key: (key[0], order.index(key[1])))
    return [[bank_code, STATES[state], totals[bank_code, state]] for bank_code, state in keys]


def _key(counted: PushCount) -> tuple[str, PushState]:
    return counted.bank_code, counted.state


def _rows(pushes: Iterable[Push]) -> Iterator[list[Any]]:
    for push in pushes:
        yield [
            *(push.bank_code, push.account_no, push.bill_no, STATES[push.state]),
            None if push.reason is None else REASONS[push.reason],
            *(fep_serial(push.fep_serial), push.tries, push.created_at, push.pushed_at, push.refusal or None),
            *(push.debit_date, push.debit_serial or None, push.debited_fen, fep_serial(push.posted_serial)),
            Text("yes", "是") if push.is_reported else None,
            (push.owner or None) if push.state is PushState.DEAD else None,
        ]
