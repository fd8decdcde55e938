"""Words of the reconciliation 对账用语: classes, states and acts in both languages, and how a difference is shown."""

from collections.abc import Mapping
from typing import Any

from dbgate.books.differences import Difference, Side
from dbgate.books.states import DifferenceAct, DifferenceState
from fep.language import Text
from protocol.canonical.codes import OriginalState
from protocol.files.canonical import Matching

MATCHINGS: Mapping[Matching, Text] = {
    Matching.MATCHED: Text("matched", "相符"),
    Matching.AMOUNT_DIFFERS: Text("amount differs", "金额不符"),
    Matching.STATE_DIFFERS: Text("state differs", "状态不符"),
    Matching.ONLY_BANK: Text("only bank", "长款"),
    Matching.ONLY_FEP: Text("only FEP", "短款"),
    Matching.IN_FLIGHT: Text("in flight", "在途"),
}
STATES: Mapping[DifferenceState, Text] = {
    DifferenceState.OPEN: Text("open", "未处理"),
    DifferenceState.CARRIED: Text("carried", "结转"),
    DifferenceState.MATCHED: Text("matched later", "已勾对"),
    DifferenceState.PROPOSED: Text("proposed", "待复核"),
    DifferenceState.DONE: Text("done", "已处理"),
}
ACTS: Mapping[DifferenceAct, Text] = {
    DifferenceAct.POST: Text("post", "补账"),
    DifferenceAct.REFUND: Text("refund", "退款"),
    DifferenceAct.UNDO: Text("undo", "冲销"),
    DifferenceAct.CLAIM: Text("claim", "追款"),
    DifferenceAct.CLOSE: Text("close", "结案"),
}
_TRANSACTIONS = {2002: Text("pay", "交费"), 2003: Text("cancel", "撤销"), 2004: Text("reverse", "冲正")}
_ORIGINAL_STATES = {
    OriginalState.POSTED: Text("posted", "有效"),
    OriginalState.CANCELLED: Text("cancelled", "已撤销"),
    OriginalState.REVERSED: Text("reversed", "已冲正"),
    OriginalState.REVERSED_BEFORE_ARRIVAL: Text("reversed before arrival", "到达前已冲正"),
}


def matching_of(difference: Difference) -> Text:
    """Return the class of a difference."""
    return MATCHINGS[Matching(difference.matching)]


def side_cells(side: Side | None) -> list[Any]:
    """Return account, transaction, amount and state of one side; four times None where it lacks the request."""
    if side is None:
        return [None] * 4
    return [side.account_no, _TRANSACTIONS[side.txn], side.amount_fen, _ORIGINAL_STATES[OriginalState(side.state)]]
