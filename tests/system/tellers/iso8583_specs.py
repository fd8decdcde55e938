"""The two forms of ISO 8583:1987 as pyiso8583 takes them. ISO 8583 两种编码

``CHARACTERS`` is pyiso8583's own ``default_ascii``; ``PACKED`` follows the rules of jPOS's ``ISO87BPackager``: numbers
in BCD, bitmaps and MACs as bytes, lengths in BCD. Texts are bytes (latin-1), for the fixed fields of element 48 are
counted in bytes of GBK.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from iso8583.specs import default_ascii

Spec = Mapping[str, Mapping[str, Any]]

MAC_ELEMENTS = ("64", "128")
TEXTS = ("44", "48")
NUMBERS = (
    dict.fromkeys(("74", "76", "77"), 10)
    | dict.fromkeys(("86", "88", "89"), 16)
    | {
        "3": 6,
        "4": 12,
        "7": 10,
        "11": 6,
        "12": 6,
        "13": 4,
        "15": 4,
        "53": 16,
        "66": 1,
        "70": 3,
    }
)
"""Numeric elements of fixed length that the tests use, and their digits."""


def _characters() -> dict[str, dict[str, Any]]:
    spec = {key: dict(element) for key, element in default_ascii.items()}
    for key in TEXTS:
        spec[key]["data_enc"] = "latin-1"
    return spec


def _packed() -> dict[str, dict[str, Any]]:
    spec = _characters()
    spec["t"] |= {"data_enc": "b", "max_len": 2}
    for key in ("p", "1", *MAC_ELEMENTS):
        spec[key] |= {"data_enc": "b", "max_len": 8}
    for key, digits in NUMBERS.items():
        spec[key] |= {"data_enc": "b", "max_len": digits, "len_count": "nibbles", "left_pad": "0"}
    spec["32"] |= {"data_enc": "b", "len_enc": "bcd", "len_type": 1, "len_count": "nibbles", "right_pad": "0"}
    spec["44"] |= {"len_enc": "bcd", "len_type": 1}
    spec["48"] |= {"len_enc": "bcd", "len_type": 2}
    return spec


CHARACTERS: Spec = MappingProxyType(_characters())
PACKED: Spec = MappingProxyType(_packed())
