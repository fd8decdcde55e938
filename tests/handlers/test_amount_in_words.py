"""Amounts in Chinese capitals 金额大写, by the examples of the People's Bank and at the edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.amount_in_words import amount_in_words
from handlers.terms import AMOUNT_CEILING_FEN

BY_RULE = [
    # the examples of 支付结算办法, annex 1
    (1_409_50, "壹仟肆佰零玖元伍角整"),
    (6_007_14, "陆仟零柒元壹角肆分"),
    (1_680_32, "壹仟陆佰捌拾元零叁角贰分"),
    (107_000_53, "壹拾万柒仟元零伍角叁分"),
    (16_409_02, "壹万陆仟肆佰零玖元零贰分"),
    (325_04, "叁佰贰拾伍元零肆分"),
    # without yuan
    (0, "零元整"),
    (7, "柒分"),
    (50, "伍角整"),
    (55, "伍角伍分"),
    # whole yuan
    (1_00, "壹元整"),
    (10_00, "壹拾元整"),
    (10_000_00, "壹万元整"),
    (100_000_000_00, "壹亿元整"),
    (100_000_000_000_00, "壹仟亿元整"),
    # zeros between
    (100_05, "壹佰元零伍分"),
    (1_005_50, "壹仟零伍元伍角整"),
    (1_010_00, "壹仟零壹拾元整"),
    (1_001_00, "壹仟零壹元整"),
    (100_001_00, "壹拾万零壹元整"),
    (10_500_00, "壹万零伍佰元整"),
    (11_000_00, "壹万壹仟元整"),
    (15_000_00, "壹万伍仟元整"),
    (100_005_000_00, "壹亿零伍仟元整"),
    (100_050_000_00, "壹亿零伍万元整"),
    (150_000_000_00, "壹亿伍仟万元整"),
    (909_090_909_09, "玖亿零玖佰零玖万零玖佰零玖元零玖分"),
    (100_000_000_01, "壹亿元零壹分"),
    # the longest
    (99_999_999_999_99, "玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
]


@pytest.mark.parametrize(("amount_fen", "words"), BY_RULE)
def test_by_rule(amount_fen: int, words: str) -> None:
    """An amount reads on an invoice as the payment rules say."""
    assert words == amount_in_words(amount_fen)


@pytest.mark.parametrize("amount_fen", [-1, AMOUNT_CEILING_FEN + 1])
def test_out_of_range(amount_fen: int) -> None:
    """What is no amount has no words."""
    with pytest.raises(ValueError, match="between 0 and the ceiling"):
        amount_in_words(amount_fen)


@given(st.integers(0, AMOUNT_CEILING_FEN))
def test_read_back(amount_fen: int) -> None:
    """Any amount can be read back from its words, and fits where an invoice has 96 bytes."""
    words = amount_in_words(amount_fen)
    assert _read(words) == amount_fen
    assert len(words.encode("gb18030")) <= 52
    assert "零零" not in words
    assert words.endswith(("整", "分"))


def _read(words: str) -> int:
    """Read an amount in words as a person does: a digit, then what it stands for."""
    fen = yuan = group = digit = 0
    for sign in words:
        if sign in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(sign)
        elif sign in "拾佰仟":
            group, digit = group + digit * {"拾": 10, "佰": 100, "仟": 1000}[sign], 0
        elif sign in "万亿元":
            yuan += (group + digit) * {"元": 1, "万": 10**4, "亿": 10**8}[sign]
            group = digit = 0
        elif sign in "角分":
            fen, digit = fen + digit * {"角": 10, "分": 1}[sign], 0
    return yuan * 100 + fen
