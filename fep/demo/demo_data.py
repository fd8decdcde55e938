"""Demo data 演示数据: accounts and bills by seed, as many as wanted, streamed.

The same seed and day give the same rows, and fewer accounts are the beginning of more. The random numbers decide
nothing but what a demo shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from dbgate.records import Account, Bill, BillState
from fep.demo.demo_accounts import (
    ACTIVE,
    CARD,
    CLOSED,
    COUNTER,
    DEBIT,
    FIXED_ACCOUNTS,
    OTHER,
    RESIDENTIAL,
    SUSPENDED,
    FixedAccount,
)
from fep.demo.demo_banks import DEMO_AK, DEMO_KEK
from fep.language import Text

__all__ = ["ACCOUNTS_MAX", "DEMO_AK", "DEMO_KEK", "account_no", "account_rows", "bill_rows", "households"]

ACCOUNTS_MAX = 10_000_000
"""As many as the largest provincial utilities have; account numbers would reach further."""

_DUE_DAY = 25
_FEN_PER_KWH = {RESIDENTIAL: 55, OTHER: 82}
_BRANCHES = ("JC0101", "JC0102", "JC0103", "JC0201", "JC0202", "JC0301")
_STREETS = ("凤台西街", "泽州路", "文昌东街", "黄华街", "新市西街", "建设路", "红星街", "前进路", "书院街", "白水街")
_ESTATES = ("阳光小区", "凤鸣小区", "金鼎花园", "水陆院", "怡翠苑", "瑞丰苑", "铭基广场", "枣园新村")
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华文辉玲志建国红梅春燕海波鹏飞晨曦子轩梓涵雨欣怡佳浩宇"
_RARE = "㛃𤋮𠅤𬭚㼆𫖯𣲗㕆"
"""Characters of personal names that take four bytes in GB18030."""
_TRADES = ("机械制造", "食品加工", "物流运输", "餐饮管理", "商贸", "建材", "煤业", "电子科技")


@dataclass(frozen=True, slots=True)
class Household:
    """An account with its open bills."""

    account: Account
    bills: tuple[Bill, ...]


@dataclass(frozen=True, slots=True)
class _BillingMonth:
    """A month that a bill may be of: YYYYMM, the same as YYMM digits, and when its bills are due."""

    number: int
    digits: str
    due_date: date


def households(count: int, seed: int, today: date) -> Iterator[Household]:
    """Yield ``count`` households; the fixed ones first, of the others at least every second has open bills.

    Args:
        count: 0 to 10 million.
        seed: any number.
        today: months and due dates are counted from it.
    """
    random = Random(seed)  # noqa: S311 -- nothing secret
    months = [_billing_month(today, back) for back in range(max(back for back, _, _ in _fixed_bills()) + 1)]
    for number in range(1, count + 1):
        fixed = FIXED_ACCOUNTS[number - 1] if number <= len(FIXED_ACCOUNTS) else _random_account(number, random)
        yield Household(_account(number, fixed, random), _bills(number, fixed, months, random))


def account_no(number: int) -> str:
    """Return the account number of the ``number``-th demo account, from 1."""
    return f"01{number:08d}"


def _fixed_bills() -> Iterator[tuple[int, int, int]]:
    for fixed in FIXED_ACCOUNTS:
        yield from fixed.bills


def _billing_month(today: date, back: int) -> _BillingMonth:
    months = today.year * 12 + today.month - 1 - back
    year, month = divmod(months, 12)
    due_year, due_month = divmod(months + 1, 12)
    return _BillingMonth(
        year * 100 + month + 1, f"{year % 100:02d}{month + 1:02d}", date(due_year, due_month + 1, _DUE_DAY)
    )


def _below(random: Random, bound: int) -> int:
    """Like ``randrange``, three times as fast; the demo has ten of them for each account."""
    return int(random.random() * bound)


_NOTHING_SPECIAL = Text("", "")


def _random_account(number: int, random: Random) -> FixedAccount:
    """Of 100: 20 not residential, 25 debit, 4 card, 3 suspended, 1 closed, 1 pay at the utility, 12 balances."""
    user_class = OTHER if _below(random, 100) < 20 else RESIDENTIAL
    mode, fate, owes = _below(random, 100), _below(random, 100), number % 2 == 0
    state = SUSPENDED if fate < 3 else CLOSED if fate < 5 and not owes else ACTIVE
    collect_mode = DEBIT if mode < 25 else CARD if mode < 33 and not owes else COUNTER
    may_owe = state is not CLOSED and collect_mode is not CARD
    count = 1 + _below(random, 100) // 70 if owes else _below(random, 3) if may_owe else 0
    return FixedAccount(
        _NOTHING_SPECIAL,
        _company(random) if user_class is OTHER else _person(random),
        _random_bills(count, user_class is OTHER, random),
        user_class,
        collect_mode,
        state,
        balance_fen=_below(random, 20_000) if fate >= 88 else 0,
        passbook=f"6222021{number:012d}" if collect_mode is DEBIT else "",
        pay_at_utility=fate == 5,
    )


def _random_bills(count: int, is_large: bool, random: Random) -> tuple[tuple[int, int, int], ...]:
    """Return ``count`` consecutive months, oldest first; the newest is the current month or one of the two before."""
    newest = _below(random, 3)
    scale = 2_000_000 if is_large else 30_000
    return tuple((newest + count - 1 - step, 1, 500 + _below(random, scale)) for step in range(count))


def _person(random: Random) -> str:
    given = _RARE if _below(random, 50) == 0 else _GIVEN
    name = _SURNAMES[_below(random, len(_SURNAMES))] + given[_below(random, len(given))]
    return name + _GIVEN[_below(random, len(_GIVEN))] if _below(random, 3) else name


def _company(random: Random) -> str:
    first, second = _GIVEN[_below(random, len(_GIVEN))], _GIVEN[_below(random, len(_GIVEN))]
    return f"晋城市{first}{second}{_TRADES[_below(random, len(_TRADES))]}有限公司"


def _account(number: int, fixed: FixedAccount, random: Random) -> Account:
    street, house = _STREETS[_below(random, len(_STREETS))], 1 + _below(random, 999)
    estate, room = _ESTATES[_below(random, len(_ESTATES))], 101 + _below(random, 2900)
    return Account(
        account_no(number),
        fixed.name,
        f"晋城市{street}{house}号{estate}{room}室",
        f"DM{number:08d}",
        fixed.passbook,
        _BRANCHES[number % len(_BRANCHES)],
        fixed.user_class,
        fixed.collect_mode,
        fixed.state,
        fixed.balance_fen,
        fixed.pay_at_utility,
    )


def _bills(number: int, fixed: FixedAccount, months: list[_BillingMonth], random: Random) -> tuple[Bill, ...]:
    bills = []
    reading = _below(random, 5_000_000)
    for back, seq, principal_fen in fixed.bills:
        month = months[back]
        energy = principal_fen * 100 // _FEN_PER_KWH[fixed.user_class]
        bill_no = f"DB{number:08d}{month.digits}{seq:02d}"
        bills.append(
            Bill(
                *(bill_no, account_no(number), month.number, seq, energy, reading, reading + energy),
                *(principal_fen, month.due_date, BillState.OPEN),
            )
        )
        reading += energy
    return tuple(bills)


def account_rows(count: int, seed: int, today: date) -> Iterator[tuple[str | int, ...]]:
    """Yield the accounts as rows of ``accounts.csv``."""
    for household in households(count, seed, today):
        account = household.account
        yield (
            *(account.account_no, account.name, account.address, account.meter_no, account.passbook),
            *(account.supply_branch, account.user_class.value, account.collect_mode.value, account.state.value),
            *(account.balance_fen, int(account.pay_at_utility)),
        )


def bill_rows(count: int, seed: int, today: date) -> Iterator[tuple[str | int, ...]]:
    """Yield the bills as rows of ``bills.csv``, those of an account together."""
    for household in households(count, seed, today):
        for bill in household.bills:
            due = bill.due_date.year * 10_000 + bill.due_date.month * 100 + bill.due_date.day
            yield (
                *(bill.bill_no, bill.account_no, bill.month, bill.seq, bill.energy_centikwh),
                *(bill.previous_reading_centikwh, bill.this_reading_centikwh, bill.principal_fen, due),
            )
