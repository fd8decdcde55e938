"""The search for secrets finds them in the forms that programs print, and not where they are masked. 金丝雀搜索"""

import base64
import json
from urllib.parse import quote

import pytest

from protocol.masking import masked_account, masked_name
from tests.support import canaries
from tests.support.canaries import Canary, Search

NUMBER, NAME, KEY = "6228481904567128305", "龘靐齉麤爩", bytes.fromhex("c3a25bd0719e844f0e6b1d93aa57f26c")
SEARCH = Search([canaries.number("number", NUMBER), canaries.text("name", NAME), canaries.key("key", KEY)])
PACKED = bytes.fromhex(f"{NUMBER}0")
SWAPPED = bytes(byte >> 4 | (byte & 15) << 4 for byte in PACKED)

PRINTED = {
    "number": {
        "as it is": NUMBER,
        "in groups": f"{NUMBER[:4]} {NUMBER[4:8]} {NUMBER[8:12]}-{NUMBER[12:]}",
        "cut short": NUMBER[:13],
        "without its begin": NUMBER[5:],
        "packed, in hex": PACKED.hex(),
        "packed, as Python writes it": repr(PACKED),
        "nibbles swapped": SWAPPED.hex(),
        "in base64": base64.b64encode(f"account={NUMBER}".encode()).decode(),
        "packed, in base64": base64.b64encode(b"x" + PACKED).decode(),
        "in hex": NUMBER.encode().hex().upper(),
        "broken over lines": f"{NUMBER[:9]}\n{NUMBER[9:]}",
    },
    "name": {
        "as it is": NAME,
        "in JSON": json.dumps(NAME),
        "in a repr of GBK": repr(NAME.encode("gbk")),
        "in a repr of UTF-8": repr(NAME.encode()),
        "in hex of GB18030": NAME.encode("gb18030").hex(),
        "in hex of UTF-8, in groups": NAME.encode().hex(" "),
        "in base64": base64.b64encode(NAME.encode()).decode(),
        "in a URL": quote(NAME),
        "taken for Latin-1": NAME.encode().decode("latin-1"),
    },
    "key": {
        "in hex": KEY.hex(),
        "in upper-case hex, in groups": KEY.hex(" ", 2).upper(),
        "one half": KEY[8:].hex(),
        "as Python writes it": repr(KEY),
        "as numbers": str(list(KEY)),
        "in base64": base64.b64encode(KEY).decode(),
        "in base64 for URLs": base64.urlsafe_b64encode(b"k:" + KEY).decode(),
        "backwards": KEY[::-1].hex(),
    },
}


@pytest.mark.parametrize(("name", "form"), [(name, form) for name, forms in PRINTED.items() for form in forms])
def test_a_leak_is_found(name: str, form: str) -> None:
    """In each form, in the middle of a line of a log."""
    line = f'{{"event": "x", "value": "{PRINTED[name][form]}", "level": "info"}}'
    assert name in SEARCH.found(line.encode()), line


def test_what_is_masked_is_no_leak() -> None:
    """First six and last four of a number, the first character of a name; other numbers and texts."""
    printed = f"{masked_account(NUMBER)} {masked_name(NAME)} 622848 8305 {'0123456789' * 3} 龘 {KEY[:3].hex()}"
    assert SEARCH.found(printed.encode()) == {}


def test_a_word_is_whole() -> None:
    """A password is found as it is and in a URL."""
    search = Search([Canary("password", ("Pw%2Fgeheim@Zq7",))])
    assert search.found(b"postgresql://me:" + quote("Pw%2Fgeheim@Zq7", safe="").encode() + b"@host")
    assert not search.found(b"postgresql://me@host")
