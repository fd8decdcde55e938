"""Columns say what their values would each say alone, and sums what the rows would come to."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.canonical.codes import OriginalState
from protocol.characters import Alphanumeric, Digits, Number
from protocol.fields import FieldInvalid, FixedField
from protocol.files.canonical import ReconcileRow
from protocol.files.columns import Columns, column_parser
from protocol.files.field_types import Code, OptionalDigits, Required
from protocol.files.standard import STATES
from protocol.moments import Date
from protocol.transactions import Transaction

KINDS: list[FixedField] = [
    Digits(3),
    Digits(3, nonzero=True),
    OptionalDigits(3),
    Number(3),
    Number(3, optional=True),
    Required(3),
    Alphanumeric(3),
    Code(1, STATES),
]
GOOD = {3: [b"000", b"001", b"120", b"7  ", b"A  ", b"   "], 1: [b"1", b"2", b"4", b"0"]}
ODD = st.sampled_from([b" 12", b"1 2", b"-12", b"+12", b"1_2", b"1\t2", b"\xb2\xb2\xb2", b"\xd5\xc51", b"12\x7f"])


def outcome(parse: object) -> object:
    try:
        return parse()  # type: ignore[operator]
    except FieldInvalid:
        return "refused"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{type(kind).__name__} {kind.accepts}")
@given(data=st.data())
def test_as_each_for_itself(kind: FixedField, data: st.DataObject) -> None:
    """The same values, and the same columns are refused."""
    raw = st.sampled_from(GOOD[kind.size])
    raws = data.draw(st.lists(raw if kind.size == 1 else raw | ODD, min_size=1, max_size=4))
    parse = column_parser(kind)
    assert outcome(lambda: list(parse(raws))) == outcome(lambda: [kind.parse(each) for each in raws])


def test_dates() -> None:
    """Each day is converted once; one that does not exist is refused among others."""
    parse = column_parser(Date())
    assert list(parse([b"20261121", b"20261122", b"20261121"])) == [date(2026, 11, day) for day in (21, 22, 21)]
    with pytest.raises(FieldInvalid):
        parse([b"20261121", b"20261131"])


def test_a_sum_with_signs() -> None:
    """A PAY counts, a CANCEL takes away, and so does a REVERSE that undid something; of the others nothing."""
    kinds = list(product((Transaction.PAY, Transaction.CANCEL, Transaction.REVERSE), STATES.values()))
    amounts = [10**place for place in range(len(kinds))]
    columns = Columns(
        ReconcileRow,
        {
            "bank_date": [date(2026, 11, 21)] * len(kinds),
            "bank_serial": ["000000000001"] * len(kinds),
            "account_no": ["0100000001"] * len(kinds),
            "transaction": [transaction for transaction, _ in kinds],
            "amount_fen": amounts,
            "state": [state for _, state in kinds],
        },
        len(kinds),
    )
    reversed_posted = kinds.index((Transaction.REVERSE, OriginalState.POSTED))
    assert columns.sum_of("counted_fen") == 1111 - 11110000 - 10**reversed_posted
    assert columns.sum_of("counted_fen") == sum(row.counted_fen for row in columns)
    assert columns.sum_of("amount_fen") == sum(amounts)


def test_some_of_the_rows() -> None:
    """By their places, whatever has been made of them before."""
    columns = Columns(complex, {"real": [1, 2, 3], "imag": [4, 5, 6]}, 3)
    assert columns.rows == [1 + 4j, 2 + 5j, 3 + 6j]
    assert columns.at([0, 2]).rows == [1 + 4j, 3 + 6j]
    assert len(columns.at([])) == 0
