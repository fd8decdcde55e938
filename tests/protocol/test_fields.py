"""Field types: integers, enumerations, octets and reserved bytes."""

from enum import IntEnum

import pytest

from protocol.fields import (
    FEN,
    FLAG,
    I64,
    KWH,
    U8,
    U16,
    U32,
    U64,
    Defaulted,
    Enumeration,
    FieldInvalid,
    FieldType,
    Integer,
    Octets,
    Reserved,
    enumeration,
    struct_of,
)


def packed(kind: FieldType, value: object) -> bytes:
    return struct_of([kind]).pack(kind.build(value))


class Colour(IntEnum):
    DARK_RED = 1
    BLUE = 4


@pytest.mark.parametrize(
    ("kind", "name", "size", "least", "most"),
    [
        (U8, "u8", 1, 0, 2**8 - 1),
        (U16, "u16", 2, 0, 2**16 - 1),
        (U32, "u32", 4, 0, 2**32 - 1),
        (U64, "u64", 8, 0, 2**64 - 1),
        (I64, "i64", 8, -(2**63), 2**63 - 1),
        (FEN, "fen", 8, -(2**63), 2**63 - 1),
        (KWH, "kwh", 8, -(2**63), 2**63 - 1),
    ],
)
def test_integers_hold_their_range(kind: Integer, name: str, size: int, least: int, most: int) -> None:
    """Each integer type has its width, its range, and big-endian bytes."""
    assert (kind.wire_name, kind.size) == (name, size)
    assert kind.parse(most) == most
    assert packed(kind, most) == most.to_bytes(size, "big", signed=least < 0)
    assert packed(kind, least) == least.to_bytes(size, "big", signed=least < 0)
    for value in (least - 1, most + 1):
        with pytest.raises(FieldInvalid):
            kind.build(value)


def test_an_integer_field_takes_no_float() -> None:
    """Money that has become a float does not reach the wire."""
    with pytest.raises(FieldInvalid):
        FEN.build(1.0)  # type: ignore[arg-type]


def test_an_enumeration_takes_its_values_only() -> None:
    """A number that means nothing is refused, both ways, and not quoted."""
    colour = enumeration(*Colour)
    assert colour.parse(4) is Colour.BLUE
    assert colour.build(Colour.DARK_RED) == 1
    assert packed(colour, Colour.BLUE) == b"\x04"
    assert colour.accepts == "1 dark red, 4 blue"
    for refused in (0, 2, 3, 5, 255):
        with pytest.raises(FieldInvalid) as error:
            colour.parse(refused)
        assert str(refused) not in str(error.value)
    with pytest.raises(FieldInvalid):
        colour.build(2)


def test_an_enumeration_over_a_wider_integer_may_have_an_absent_value() -> None:
    """A code of two bytes maps to anything, zero to None."""
    kind = Enumeration(U16, {0: None, 2002: "pay"}, {0: "none", 2002: "PAY"})

    assert kind.parse(0) is None
    assert packed(kind, "pay") == b"\x07\xd2"
    assert (kind.wire_name, kind.size, kind.accepts) == ("u16", 2, "0 none, 2002 PAY")


def test_a_flag_is_nothing_but_0_or_1() -> None:
    """2 is no way to say yes."""
    assert [FLAG.parse(0), FLAG.parse(1)] == [False, True]
    assert [FLAG.build(False), FLAG.build(True)] == [0, 1]
    with pytest.raises(FieldInvalid):
        FLAG.parse(2)


def test_a_default_stands_for_zero() -> None:
    """0 reads as the usual value; more than the maximum is refused both ways."""
    months = Defaulted(3, maximum=24)
    assert [months.parse(raw) for raw in (0, 1, 3, 24)] == [3, 1, 3, 24]
    assert months.build(24) == 24
    assert packed(months, 7) == b"\x07"
    assert months.accepts == "0 = 3, at most 24"
    assert Defaulted(1).accepts == "0 = 1"
    with pytest.raises(FieldInvalid):
        months.parse(25)
    for value in (-1, 25):
        with pytest.raises(FieldInvalid):
            months.build(value)


def test_octets_have_their_size() -> None:
    """Bytes go through as they are; only a padded field takes fewer."""
    assert Octets(4).parse(b"\0\xff a") == b"\0\xff a"
    assert Octets(4).build(b"abcd") == b"abcd"
    assert Octets(4, padded=True).build(b"ab") == b"ab\0\0"
    assert Octets(4).blank == bytes(4)
    for kind, value in ((Octets(4), b"abc"), (Octets(4), b"abcde"), (Octets(4, padded=True), b"abcde")):
        with pytest.raises(FieldInvalid):
            kind.build(value)


def test_reserved_bytes_are_zero() -> None:
    """Anything but zero bytes is refused."""
    assert Reserved(3).parse(bytes(3)) is None
    assert packed(Reserved(3), None) == bytes(3)
    with pytest.raises(FieldInvalid):
        Reserved(3).parse(b"\0\0 ")
