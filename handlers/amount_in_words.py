"""Amount in words 金额大写: an amount in Chinese capitals, as it stands on an invoice.

Source: 支付结算办法 (Measures for Payment and Settlement, People's Bank of China), annex 1, rules 2 and 3.

- 整 follows an amount that ends in 元. After 角 it may be written, and is, so that nothing can be
  added. Never after 分.
- A zero, or a run of them, between two digits is one 零.
- Where the digit of 万 is zero and that of 仟 is not, 零 may be left out, and is. Where the digit of 元 is zero and
  that of 角 is not, it may be left out, and is written. Either way these are the forms that the annex gives first:
  1,680.32 is 壹仟陆佰捌拾元零叁角贰分, 107,000.53 is 壹拾万柒仟元零伍角叁分.
- Where the digit of 角 is zero and that of 分 is not, 零 must be written.
"""

from handlers.terms import AMOUNT_CEILING_FEN

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("仟", "佰", "拾", "")
_GROUPS = ("亿", "万", "")
_GROUP = 10_000


def amount_in_words(amount_fen: int) -> str:
    """Return ``amount_fen`` in Chinese capitals; at most 26 characters, which are 52 bytes of GB18030.

    >>> amount_in_words(100_50)
    '壹佰元零伍角整'

    Raises:
        ValueError: the amount is negative or above the ceiling of all amounts.
    """
    if not 0 <= amount_fen <= AMOUNT_CEILING_FEN:
        raise ValueError("an amount in words is between 0 and the ceiling of all amounts")
    yuan, fen = divmod(amount_fen, 100)
    whole = _integer(yuan) + "元" if yuan else ""
    if not fen:
        return (whole or "零元") + "整"
    return whole + _fraction(yuan, *divmod(fen, 10))


def _integer(yuan: int) -> str:
    """Return whole yuan in words: groups of four digits, the largest first."""
    words = ""
    gap = False
    for power, name in zip((2, 1, 0), _GROUPS, strict=True):
        group = yuan // _GROUP**power % _GROUP
        if not group:
            gap = True
            continue
        if words and (gap or group < _GROUP // 10):
            words += "零"
        words += _group(group) + name
        gap = False
    return words


def _group(group: int) -> str:
    """Return one group of four digits in words, without leading and trailing zeros."""
    words = ""
    gap = False
    for digit, place in zip(f"{group:04}", _PLACES, strict=True):
        if digit == "0":
            gap = bool(words)
            continue
        words += ("零" if gap else "") + _DIGITS[int(digit)] + place
        gap = False
    return words


def _fraction(yuan: int, jiao: int, fen: int) -> str:
    """Return 角 and 分 in words; at least one of them is not zero."""
    words = ""
    if yuan and (not jiao or yuan % 10 == 0):
        words += "零"
    if jiao:
        words += _DIGITS[jiao] + "角"
    return words + (_DIGITS[fen] + "分" if fen else "整")
