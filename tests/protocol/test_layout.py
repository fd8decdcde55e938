"""Layouts: one description becomes a codec, and a description that cannot be right is refused at once."""

from dataclasses import dataclass

import pytest

from protocol.characters import Alphanumeric, Digits
from protocol.errors import LocalProtocolError
from protocol.fields import FEN, U8, U16, FieldType
from protocol.layout import Field, Group, Layout, rsv


@dataclass(frozen=True, slots=True)
class Inner:
    code: str


@dataclass(frozen=True, slots=True)
class Outer:
    amount_fen: int
    inner: Inner
    tag: int


def field(name: str, kind: FieldType, attribute: str = "") -> Field:
    return Field(name, kind, "meaning", "含义", attribute)


CODE = field("code", Digits(4))
LAYOUT = Layout(
    "body",
    Outer,
    field("amount", FEN),
    rsv(2),
    Group("inner", Inner, (CODE, rsv(1))),
    field("kind", U16, attribute="tag"),
    field("note", Alphanumeric(3)),
)
DATA = b"\0\0\0\0\0\0\x30\xd8" + b"\0\0" + b"0042\0" + b"\1\2" + b"abc"


def test_a_description_is_a_codec() -> None:
    """Units, groups and named attributes find their place in the canonical object; others are given."""
    value = Outer(12504, Inner("0042"), 258)

    assert LAYOUT.parse(DATA) == value
    assert LAYOUT.build(value, note="abc") == DATA
    assert LAYOUT.build(value) == DATA[:-3] + b"   "
    assert LAYOUT.named(DATA) == {"amount": 12504, "code": "0042", "kind": 258, "note": "abc"}


def test_fields_know_their_place() -> None:
    """Offsets count from the first byte, reserved fields are told apart by theirs."""
    places = [(placed.key, placed.offset) for placed in LAYOUT.fields]

    assert places == [("amount", 0), ("rsv@8", 8), ("code", 10), ("rsv@14", 14), ("kind", 15), ("note", 17)]
    assert LAYOUT.size == 20


def test_values_that_do_not_fit_are_named() -> None:
    """Ours to mend: the error says which field, given or canonical, in a group or not."""
    for name, value, given in (
        ("note", Outer(1, Inner("1"), 1), {"note": "long"}),
        ("code", Outer(1, Inner("x"), 1), {}),
        ("kind", Outer(1, Inner("1"), 65536), {}),
        ("amount", Outer(1.5, Inner("1"), 1), {}),  # type: ignore[arg-type]
    ):
        with pytest.raises(LocalProtocolError, match=rf"body\.{name}"):
            LAYOUT.build(value, **given)


@pytest.mark.parametrize(
    "items",
    [
        (field("code", Digits(4)), field("colour", Digits(4), attribute="code")),
        (field("cod", Digits(4)),),
        (field("code", Digits(4)), field("x", U8), field("x", U8)),
        (field("code", Digits(4)), Group("inner", Inner, (field("other", Digits(4)),))),
    ],
    ids=["filled twice", "never filled", "a name twice", "unknown group"],
)
def test_a_wrong_description_is_refused(items: tuple[Field | Group, ...]) -> None:
    """A misspelt attribute is found when the module is imported, not by the first bank."""
    with pytest.raises(LocalProtocolError):
        Layout("body", Inner, *items)


def test_a_group_must_be_filled_too() -> None:
    """The group's own dataclass is checked like the message's."""
    with pytest.raises(LocalProtocolError, match="Inner"):
        Layout("body", Outer, field("amount", FEN), field("tag", U8), Group("inner", Inner, (field("x", U8),)))
