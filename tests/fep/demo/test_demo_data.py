"""The demo's accounts and bills."""

from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from dbgate.records import AccountState, BillState, CollectMode, UserClass
from fep.demo.demo_accounts import FIXED_ACCOUNTS
from fep.demo.demo_data import account_no, account_rows, bill_rows, households

TODAY = date(2026, 11, 21)
DOCUMENT = Path(__file__).parents[3] / "docs" / "demo-accounts.md"


def test_the_same_seed_gives_the_same_rows() -> None:
    """A demo can be made again, on another machine."""
    assert list(account_rows(300, 7, TODAY)) == list(account_rows(300, 7, TODAY))
    assert list(bill_rows(300, 7, TODAY)) == list(bill_rows(300, 7, TODAY))
    assert list(account_rows(300, 7, TODAY)) != list(account_rows(300, 8, TODAY))


def test_fewer_accounts_are_the_beginning_of_more() -> None:
    """A larger demo has the accounts that one knows from the smaller."""
    assert list(households(50, 1, TODAY)) == list(islice(households(400, 1, TODAY), 50))


@pytest.mark.parametrize("count", [*range(1, 40), 1000])
def test_at_least_half_of_the_accounts_have_open_bills(count: int) -> None:
    """Whatever the size, there is something to pay."""
    owing = sum(bool(household.bills) for household in households(count, 1, TODAY))
    assert 2 * owing >= count


def test_of_the_random_accounts_every_second_has_open_bills() -> None:
    """It is no matter of luck."""
    found = islice(households(600, 3, TODAY), len(FIXED_ACCOUNTS), None)
    assert all(household.bills for number, household in enumerate(found, len(FIXED_ACCOUNTS) + 1) if number % 2 == 0)


def test_a_thousand_accounts_show_every_kind() -> None:
    """Each class, way of paying and state occurs, and so do balances and rare characters."""
    accounts = [household.account for household in households(1000, 1, TODAY)]
    assert set(UserClass) == {account.user_class for account in accounts}
    assert set(CollectMode) == {account.collect_mode for account in accounts}
    assert set(AccountState) == {account.state for account in accounts}
    assert {True, False} == {account.pay_at_utility for account in accounts}
    assert 50 < sum(account.balance_fen > 0 for account in accounts) < 300
    four_bytes = [a for a in accounts[len(FIXED_ACCOUNTS) :] if any(len(c.encode("gb18030")) == 4 for c in a.name)]
    assert len(four_bytes) > 5


def test_bills_are_overdue_and_not_yet_due_and_some_accounts_have_several() -> None:
    """Late fees can be seen, and their absence."""
    found = list(households(1000, 1, TODAY))
    bills = [bill for household in found for bill in household.bills]
    assert any(bill.due_date < TODAY for bill in bills)
    assert any(bill.due_date > TODAY for bill in bills)
    assert any(len(household.bills) > 1 for household in found[len(FIXED_ACCOUNTS) :])
    assert {BillState.OPEN} == {bill.state for bill in bills}


def test_numbers_begin_as_documented_and_bills_are_unique() -> None:
    """01, DM, DB; a bill number is 16 characters wide at most."""
    found = list(households(2000, 1, TODAY))
    assert all(household.account.account_no.startswith("01") for household in found)
    assert all(household.account.meter_no.startswith("DM") for household in found)
    numbers = [bill.bill_no for household in found for bill in household.bills]
    assert all(number.startswith("DB") and len(number) == 16 for number in numbers)
    assert len(numbers) == len(set(numbers))


def test_readings_and_amounts_agree() -> None:
    """Each bill's energy is the difference of its readings, and one bill begins where the one before ended."""
    for household in households(300, 1, TODAY):
        for bill in household.bills:
            assert bill.this_reading_centikwh - bill.previous_reading_centikwh == bill.energy_centikwh
            assert bill.principal_fen > 0
        for earlier, later in zip(household.bills, household.bills[1:], strict=False):
            assert earlier.this_reading_centikwh == later.previous_reading_centikwh
            assert (earlier.month, earlier.seq) < (later.month, later.seq)


def test_names_and_addresses_fit_the_standard_link() -> None:
    """64 and 96 bytes of GB18030."""
    for household in households(1000, 1, TODAY):
        assert len(household.account.name.encode("gb18030")) <= 64
        assert len(household.account.address.encode("gb18030")) <= 96


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 1, 31), date(2026, 12, 26), date(2028, 2, 29)])
def test_the_fixed_accounts_are_as_promised_on_any_day(today: date) -> None:
    """Overdue is overdue, not due is not due, last year is last year, whatever day the demo is made."""
    first, _, _, _, enterprise = islice(households(5, 1, today), 5)
    assert [bill.due_date < today for bill in first.bills] == [True, False]
    assert [bill.principal_fen for bill in first.bills] == [12_000, 8_650]
    assert today.year - 1 == enterprise.bills[0].due_date.year
    assert all(bill.due_date < today for bill in enterprise.bills)


def test_the_document_lists_the_fixed_accounts() -> None:
    """docs/demo-accounts.md says what the generator makes, in both languages."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for number, fixed in enumerate(FIXED_ACCOUNTS, 1):
        assert f"| `{account_no(number)}` | {fixed.name} | {fixed.purpose.en} | {fixed.purpose.zh} |" in text
    assert len(FIXED_ACCOUNTS) == text.count("| `01000")


def test_rows_are_those_of_the_load_files() -> None:
    """The first account and its first bill, column by column."""
    account, bill = next(account_rows(1, 1, TODAY)), next(bill_rows(1, 1, TODAY))
    assert (account[0], account[1], account[3], account[4]) == ("0100000001", "张三", "DM00000001", "")
    assert account[6:] == ("residential", "counter", "active", 0, 0)
    assert bill[:4] == ("DB00000001260901", "0100000001", 202609, 1)
    assert bill[7:] == (12_000, 20261025)
