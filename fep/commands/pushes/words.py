"""Words of pushed bills 划拨用语: states and reasons in both languages."""

from collections.abc import Mapping

from dbgate.books.states import PushReason, PushState
from fep.language import Text

STATES: Mapping[PushState, Text] = {
    PushState.WAITING: Text("waiting", "待划拨"),
    PushState.ACCEPTED: Text("accepted", "银行已受理"),
    PushState.DEBITED: Text("debited", "已扣款"),
    PushState.REFUSED: Text("refused", "已拒绝"),
    PushState.SETTLED: Text("settled otherwise", "已由其他渠道交清"),
    PushState.EXPIRED: Text("expired", "不再划拨"),
    PushState.DEAD: Text("dead", "待人工查实"),
    PushState.DROPPED: Text("dropped", "已人工了结"),
}
REASONS: Mapping[PushReason, Text] = {
    PushReason.TOO_OLD: Text("too old", "超过划拨期限"),
    PushReason.MANDATE_ENDED: Text("mandate ended", "代扣协议已终止"),
    PushReason.NOT_PAYABLE: Text("account cannot be paid by banks", "该户不可由银行收费"),
    PushReason.NOT_SENDABLE: Text("no room in the bank's format", "报文格式无法表达"),
    PushReason.IDENTITY_TAKEN: Text("bank serial is another payment's", "银行流水号属于其他交费"),
    PushReason.DEBITED_TWICE: Text("debited a second time", "重复扣款"),
    PushReason.OTHER_ACCOUNT: Text("another bank account was debited", "扣款账号不符"),
    PushReason.DATE_IMPLAUSIBLE: Text("date of the debit cannot be", "扣款日期不合理"),
    PushReason.AMOUNT_IMPLAUSIBLE: Text("amount of the debit cannot be", "扣款金额不合理"),
}
