"""Hindrances 处理障碍: kinds of differences, and why an act cannot be done and what to do instead."""

from fep.language import Text
from handlers.adjustment import Hindrance
from handlers.difference_acts import Case

CASES = {
    Case.ONLY_BANK: Text("only the bank has the payment", "仅银行有此交费 (长款)"),
    Case.ONLY_FEP: Text("only the FEP has the payment", "仅前置机有此交费 (短款)"),
    Case.BANK_HAS_MORE: Text("the bank has more than the FEP", "银行金额大于前置机"),
    Case.BANK_HAS_LESS: Text("the bank has less than the FEP", "银行金额小于前置机"),
    Case.OTHER_ACCOUNT: Text("the bank has it for another account", "双方户号不同"),
    Case.BANK_STANDS: Text("the payment stands at the bank and is undone here", "银行方有效, 前置机方已冲销"),
    Case.NO_MONEY: Text(
        "no money differs by it alone: what is left of the payment, on either side, is a difference of its own",
        "此笔本身无资金差异: 对应交费在任一方的余留另列为差异",
    ),
    Case.FEP_STANDS: Text("the payment stands here and is undone at the bank", "前置机方有效, 银行方已冲销"),
}

# {serial}: the fep_serial of the payment that stands in the way.
HINDRANCES = {
    Hindrance.ACCOUNT_MISSING: Text(
        "the account does not exist here: propose a refund, or have the bank name the right account",
        "户号不存在: 请提出退款, 或由银行确认正确户号",
    ),
    Hindrance.ACCOUNT_NOT_ACTIVE: Text(
        "the account is closed or suspended: propose a refund, or have the account opened first",
        "用户已销户或暂停: 请提出退款, 或先恢复用户",
    ),
    Hindrance.PAY_AT_UTILITY: Text(
        "the account pays at the utility (a prepaid card, or flagged so): propose a refund",
        "该户须到供电公司办理 (购电卡户或已标记): 请提出退款",
    ),
    Hindrance.IN_DEBIT: Text(
        "a debit batch holds bills of the account: wait for its result, then approve again, or have it released",
        "该户有代扣中的应收: 待代扣回盘或释放后再复核",
    ),
    Hindrance.BALANCE_TOO_LARGE: Text(
        "the balance would exceed what an account may hold: propose a refund",
        "余额将超过上限: 请提出退款",
    ),
    Hindrance.REVERSED_BEFORE_ARRIVAL: Text(
        "the bank reversed this payment before it arrived: the bank must correct its books and refund",
        "银行已在到达前冲正此笔: 应由银行更正并退款, 请提出退款",
    ),
    Hindrance.ARRIVED_SINCE: Text(
        "the payment has arrived since, as FEP serial {serial}: there is nothing to post or refund; reconcile that day",
        "此笔交费其后已到达, 前置流水号 {serial}: 无须补账或退款, 请对该日重新对账",
    ),
    Hindrance.LISTED_TWICE: Text(
        "the payment stands, as FEP serial {serial}: the bank's file has it more than once; propose a refund",
        "此笔交费有效, 前置流水号 {serial}; 银行文件重复列出: 请提出退款",
    ),
    Hindrance.UNDONE_SINCE: Text(
        "the payment has arrived since and was undone by the bank: propose a refund",
        "此笔交费其后已到达并被银行冲销: 请提出退款",
    ),
    Hindrance.NOT_STANDING: Text(
        "our payment does not stand any more: it was undone since",
        "前置机方此笔交费已不再有效: 其后已冲销",
    ),
    Hindrance.BALANCE_USED: Text(
        "the balance that the payment left is used already: propose a claim",
        "该笔预存款已使用, 余额将为负: 请提出追款",
    ),
}
