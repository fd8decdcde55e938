"""Components: what they make together, and how little one of them says."""

from functools import reduce
from operator import xor

import pytest

from crypto.errors import KeyFault, KeyRefused
from crypto.key_components import combine_key, sheet_text, split_key
from crypto.keys import Key

KEY = Key.from_hex("AK", "404142434445464748494A4B4C4D4E4F")


@pytest.mark.parametrize("count", [2, 3])
def test_components_make_the_key(count: int) -> None:
    """By XOR, computed here with integers; each time they are others, and each has its custodian's name."""
    names = [f"component {number}" for number in range(count)]
    first, second = split_key(KEY, names), split_key(KEY, names)
    assert [component.label for component in first] == names
    made = reduce(xor, (int.from_bytes(component.secret) for component in first))
    assert made.to_bytes(16) == KEY.secret
    assert combine_key("AK", first) == combine_key("AK", second) == KEY
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (["00" * 16, "11" * 16], KeyFault.ZERO),
        (["11" * 16, "11" * 16], KeyFault.COMPONENTS_EQUAL),
        (["12" * 16, "34" * 16, "12" * 16], KeyFault.COMPONENTS_EQUAL),
        (["12" * 16, "34" * 16, "26" * 16], KeyFault.ZERO),
    ],
)
def test_components_that_hide_less_than_they_seem_to(texts: list[str], fault: KeyFault) -> None:
    """Zeros add nothing, equal ones cancel each other out, and three may make nothing."""
    components = [Key.from_hex(f"component {number}", text) for number, text in enumerate(texts, 1)]
    with pytest.raises(KeyRefused) as caught:
        combine_key("AK", components)
    assert caught.value.fault is fault


def test_a_sheet_has_groups_of_four_digits() -> None:
    """As on the forms that custodians fill in."""
    assert sheet_text(KEY) == "4041 4243 4445 4647 4849 4A4B 4C4D 4E4F"
