"""A bank that speaks ELEC02: what its sheet has and no other format, on the daemon's port for it. ELEC02 端到端"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.protocol.dialects.elec02.frames import head
from tests.system.conftest import Site
from tests.system.tellers.bank import FORMATS, Bank, start
from tests.system.tellers.elec02 import Elec02Teller


@pytest.fixture(scope="module")
def bank(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Bank]:
    """A bank that speaks ELEC02, at a site of its own."""
    site = make_site()
    bank = Bank(site, FORMATS["elec02"])
    start(site)
    yield bank
    site.close(secrets)


@pytest.fixture
def teller(bank: Bank) -> Elec02Teller:
    """The bank's program: one exchange on each connection."""
    teller = bank.teller()
    assert isinstance(teller, Elec02Teller)
    return teller


@pytest.mark.parametrize("change", ["fewer", "more", "dearer", "other"])
def test_the_bills_must_be_those_that_are_open(bank: Bank, teller: Elec02Teller, change: str) -> None:
    """A payment that lists other bills than the open ones, or other amounts, is refused: query again."""
    shown = teller.query(bank.site.take("owing").account_no)
    first, *others = shown.bills
    listed = {
        "fewer": others,
        "more": [*shown.bills, replace(first, bill_no="TB99999999")],
        "dearer": [replace(first, late_fee_fen=first.late_fee_fen + 1), *others],
        "other": [replace(first, bill_no="TB99999999"), *others],
    }[change]

    refused = teller.ask(teller.settle(replace(shown, bills=tuple(listed)), amount_fen=shown.payable_fen))

    assert refused.means == {"2003"}
    assert teller.query(shown.account_no).bills == shown.bills
    assert teller.ask(teller.settle(shown)).is_approved


def test_a_payment_names_its_query(bank: Bank, teller: Elec02Teller) -> None:
    """A payment that names no query, or that of another customer, is refused."""
    shown, other = (teller.query(bank.site.take("owing").account_no) for _ in range(2))

    for reference in ("123456789012", other.reference):
        refused = teller.ask(teller.settle(replace(shown, reference=reference)))
        assert refused.means == {"2003"}


@pytest.mark.parametrize(("difference_fen", "code"), [(-1, "27"), (1, "73")])
def test_another_amount(bank: Bank, teller: Elec02Teller, difference_fen: int, code: str) -> None:
    """Too little would be a part payment, which has a code of its own; for too much the answer is: query again."""
    shown = teller.query(bank.site.take("owing").account_no)

    payment = teller.settle(shown, amount_fen=shown.payable_fen + difference_fen)

    assert teller.exchange(payment.content) == (code, b"")


def test_an_undo_of_nothing_however_often(bank: Bank, teller: Elec02Teller) -> None:
    """Each 12 for a payment that never arrived is answered 15, whatever its serial: 00 would say that there was one."""
    payment = teller.settle(teller.query(bank.site.take("owing").account_no))

    codes = [teller.exchange(teller.reverse(payment).content)[0] for _ in range(2)]

    assert codes == ["15", "15"]
    assert teller.exchange(payment.content) == ("29", b"")


def test_frames_that_are_none(teller: Elec02Teller) -> None:
    """A message that does not exist, one that is too short, a node that nobody knows."""
    assert teller.exchange(head("77")) == ("59", b"")
    assert teller.exchange(head("10") + b"short") == ("13", b"")
    assert teller.exchange(head("10", node="999")) == ("0f", b"")
