"""Demo accounts 演示户: the first accounts of a demo, fixed, one for each situation that a teller meets.

``docs/demo-accounts.md`` lists them; a test holds the two together. Months are counted back from the current one: a
bill is due on the 25th of the month after its own, so 0 is never due yet and 2 is always overdue.
"""

from dataclasses import dataclass

from dbgate.records import AccountState, CollectMode, UserClass
from fep.language import Text

RESIDENTIAL, OTHER = UserClass.RESIDENTIAL, UserClass.OTHER
COUNTER, DEBIT, CARD = CollectMode.COUNTER, CollectMode.DEBIT, CollectMode.CARD
ACTIVE, SUSPENDED, CLOSED = AccountState.ACTIVE, AccountState.SUSPENDED, AccountState.CLOSED

OVERDUE, LAST_YEAR, NOT_DUE = 2, 13, 0
"""Months back of a bill that is overdue, due in the year before, not due yet."""

_SHARED_PASSBOOK = "6222020100000000012"


@dataclass(frozen=True, slots=True)
class FixedAccount:
    """What is fixed of a demo account.

    Attributes:
        purpose: what it is for, as the documentation says it.
        name: of the customer.
        bills: (months back, seq, principal in fen) of its open bills.
    """

    purpose: Text
    name: str
    bills: tuple[tuple[int, int, int], ...] = ()
    user_class: UserClass = RESIDENTIAL
    collect_mode: CollectMode = COUNTER
    state: AccountState = ACTIVE
    balance_fen: int = 0
    passbook: str = ""
    pay_at_utility: bool = False


FIXED_ACCOUNTS = (
    FixedAccount(
        Text("residential, two open bills, one of them overdue", "居民, 两笔欠费, 其中一笔已逾期"),
        "张三",
        ((OVERDUE, 1, 12_000), (NOT_DUE, 1, 8_650)),
    ),
    FixedAccount(
        Text("residential, one open bill, not due yet", "居民, 一笔欠费, 未到期"), "李四", ((NOT_DUE, 1, 10_000),)
    ),
    FixedAccount(Text("residential, nothing to pay: 2002", "居民, 无欠费: 2002"), "王五"),
    FixedAccount(
        Text("residential, balance 50.00, one open bill of 120.00", "居民, 余额 50.00 元, 一笔欠费 120.00 元"),
        "赵六",
        ((NOT_DUE, 1, 12_000),),
        balance_fen=5_000,
    ),
    FixedAccount(
        Text(
            "enterprise, three overdue bills, one of them due last year (higher late fee rate)",
            "企业, 三笔逾期欠费, 其中一笔为上年到期 (违约金费率较高)",
        ),
        "晋城市演示机械制造有限公司",
        ((LAST_YEAR, 1, 2_560_000), (OVERDUE, 1, 1_830_075), (OVERDUE, 2, 945_010)),
        user_class=OTHER,
    ),
    FixedAccount(
        Text("direct debit with a passbook, one open bill", "代扣户, 有存折号, 一笔欠费"),
        "孙七",
        ((NOT_DUE, 1, 9_925),),
        collect_mode=DEBIT,
        passbook="6222020100000000006",
    ),
    FixedAccount(
        Text("prepaid card: 2017, one open bill", "购电卡户: 2017, 一笔欠费"),
        "周八",
        ((NOT_DUE, 1, 5_000),),
        collect_mode=CARD,
    ),
    FixedAccount(
        Text("suspended: 2004, one overdue bill", "暂停户: 2004, 一笔逾期欠费"),
        "吴九",
        ((OVERDUE, 1, 7_720),),
        state=SUSPENDED,
    ),
    FixedAccount(Text("closed: 2004, no bills", "销户: 2004, 无欠费"), "郑十", state=CLOSED),
    FixedAccount(
        Text("must pay at the utility: 2017, one overdue bill", "需到供电公司办理: 2017, 一笔逾期欠费"),
        "冯十一",
        ((OVERDUE, 1, 33_300),),
        pay_at_utility=True,
    ),
    FixedAccount(
        Text("a name with 4-byte GB18030 characters, one open bill", "户名含 GB18030 四字节汉字, 一笔欠费"),
        "陈㛃𤋮",
        ((NOT_DUE, 1, 6_480),),
    ),
    FixedAccount(
        Text(
            "shares its passbook with the next: query by passbook 2018, one open bill",
            "与下一户共用存折号: 按存折查询得 2018, 一笔欠费",
        ),
        "褚十二",
        ((NOT_DUE, 1, 4_410),),
        collect_mode=DEBIT,
        passbook=_SHARED_PASSBOOK,
    ),
    FixedAccount(
        Text("shares its passbook with the one before, one open bill", "与上一户共用存折号, 一笔欠费"),
        "卫十三",
        ((NOT_DUE, 1, 5_520),),
        collect_mode=DEBIT,
        passbook=_SHARED_PASSBOOK,
    ),
    FixedAccount(
        Text("fourteen open bills: QUERY has two pages", "十四笔欠费: 查询有两页"),
        "蒋十四",
        tuple((months, 1, 5_000 + 10 * months) for months in range(15, 1, -1)),
    ),
    FixedAccount(
        Text("balance 300.00, nothing to pay", "余额 300.00 元, 无欠费"),
        "沈十五",
        balance_fen=30_000,
    ),
    FixedAccount(
        Text("an overdue bill of 0.99: its late fee is at most 0.99", "一笔 0.99 元的逾期欠费: 违约金不超过 0.99 元"),
        "韩十六",
        ((OVERDUE, 1, 99),),
    ),
)
"""From account number 0100000001 on."""
