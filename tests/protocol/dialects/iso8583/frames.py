"""Messages of ISO 8583:1987 as a bank's program makes them: plain pyiso8583 with specifications of the tests' own.

``CHARACTERS`` is pyiso8583's ``default_ascii``; ``PACKED`` is what jPOS's ``ISO87BPackager`` says, element for element:
fixed numbers in BCD with a zero in front when odd, those that vary with a zero behind, their lengths counting digits.
Text goes through as bytes (latin-1), for fixed fields inside of an element are counted in bytes of GBK.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import iso8583
from iso8583.specs import default_ascii

Spec = Mapping[str, Mapping[str, Any]]
Message = dict[str, str]
"""Elements by number, ``t`` the type."""

_DIGITS = {
    number: digits
    for digits, numbers in {
        1: (27, 66),
        2: (25, 26, 67),
        3: (*range(19, 25), 68, 69, 70),
        4: (*range(13, 19), 71, 72),
        6: (3, 11, 12, 73),
        8: (8, 9, 10),
        10: (7, *range(74, 82)),
        12: (4, 5, 6, *range(82, 86)),
        16: (53, *range(86, 90)),
        42: (90,),
    }.items()
    for number in numbers
}
"""IFB_NUMERIC: elements of fixed numbers, and their digits."""
_VARYING_DIGITS = {2: 19, 32: 11, 33: 11, 35: 37, 99: 11, 100: 11}
"""IFB_LLNUM."""
MAC_BYTES = 8


def _characters() -> dict[str, dict[str, Any]]:
    return {name: {**field, "data_enc": "latin-1"} for name, field in default_ascii.items()}


def _packed() -> dict[str, dict[str, Any]]:
    spec = _characters()
    spec["t"] |= {"data_enc": "b", "max_len": 2}
    for name in ("p", "1", "64", "128"):
        spec[name] |= {"data_enc": "b", "max_len": 8}
    for number, digits in _DIGITS.items():
        spec[str(number)] |= {"data_enc": "b", "max_len": digits, "len_count": "nibbles", "left_pad": "0"}
    for number, digits in _VARYING_DIGITS.items():
        spec[str(number)] |= {"data_enc": "b", "max_len": digits, "len_count": "nibbles", "right_pad": "0"}
    for field in spec.values():
        if field["len_type"]:
            field |= {"len_enc": "bcd", "len_type": {2: 1, 3: 2}[field["len_type"]]}
    return spec


@dataclass(frozen=True)
class Form:
    """How a site's banks write their messages.

    Attributes:
        spec: for pyiso8583.
        options: of the product's configuration that select this form.
        mac_width: bytes of the MAC on the wire.
    """

    spec: Spec
    options: Mapping[str, str]
    mac_width: int

    def prefix(self, size: int) -> bytes:
        """Return the length field in front of ``size`` bytes."""
        return struct.pack(">H", size) if self.options["length"] == "binary" else b"%04d" % size

    def framed(self, content: bytes) -> bytes:
        """Return ``content`` behind its length."""
        return self.prefix(len(content)) + content

    def sealed(self, message: Message, mac: Callable[[bytes], bytes] = lambda _: bytes(8), place: str = "") -> bytes:
        """Return a message with its MAC as the last element: 128 when another is above 64, else 64."""
        place = place or ("128" if any(name.isdigit() and int(name) > 64 for name in message) else "64")
        content, _ = iso8583.encode({**message, place: "0" * 16}, self.spec)
        signed = bytes(content[: -self.mac_width])
        return signed + self.mac_on_wire(mac(signed))

    def mac_on_wire(self, mac: bytes) -> bytes:
        """Return a MAC of eight bytes as it is sent."""
        return mac if self.mac_width == MAC_BYTES else mac.hex().upper().encode()

    def decoded(self, content: bytes) -> Message:
        """Return the elements of a message, bitmaps and MAC included."""
        return dict(iso8583.decode(content, self.spec)[0])


CHARACTERS = Form(_characters(), {"length": "digits", "packing": "ascii"}, 16)
PACKED = Form(_packed(), {"length": "binary", "packing": "packed"}, 8)
FORMS = {"ascii": CHARACTERS, "packed": PACKED}

NODE, TELLER, OUTLET, SERIAL, STAN = "0901", "T0000042", "901017".ljust(15), "000000000117", "000117"
ACCOUNT, PAYER = "0900000001", "6222021234567890"


def fixed(layout: str, *values: str) -> str:
    """Return fixed fields of GBK as the text of bytes that pyiso8583 is given, each filled with spaces: ``32s1s2s``."""
    sizes = [int(size) for size in layout.removesuffix("s").split("s")]
    fields = [value.encode("gbk").ljust(size) for value, size in zip(values, sizes, strict=True)]
    assert [len(field) for field in fields] == sizes
    return b"".join(fields).decode("latin-1")


def taken_apart(layout: str, text: str) -> list[str]:
    """Return the fixed fields in the text of an element, without the spaces behind them."""
    return [raw.decode("gbk").rstrip(" ") for raw in struct.unpack(layout, text.encode("latin-1"))]


def request(mti: str, **changes: str | None) -> Message:
    """Return a request with what all requests have; others are named ``de3`` and so on, None leaves one out."""
    common = {
        "7": "1122100000",
        "11": STAN,
        "12": "100000",
        "13": "1122",
        "32": NODE,
        "37": SERIAL,
        "53": "3".zfill(16),
    }
    common |= {"41": TELLER, "42": OUTLET, "49": "156"}
    if mti[:3] == "080":
        common = {name: value for name, value in common.items() if name not in ("41", "42", "49")}
    changed = {"t": mti, **common, **{name.removeprefix("de"): value for name, value in changes.items()}}
    return {name: value for name, value in changed.items() if value is not None}


RANDOM = bytes(range(0xA0, 0xB0))


def sign_on(**changes: str | None) -> Message:
    """Return an 0800 001."""
    return request("0800", **{"de53": None, "de48": RANDOM.hex().upper(), "de70": "001", **changes})


def query(key: str = ACCOUNT, kind: str = "1", page: str = "01", **changes: str | None) -> Message:
    """Return an 0100."""
    return request("0100", **{"de3": "310000", "de48": fixed("32s1s2s", key, kind, page), **changes})


def pay(
    amount_fen: int = 12_495, code: str = "500000", seen: str = "", mti: str = "0200", **changes: str | None
) -> Message:
    """Return an 0200 that pays."""
    data = fixed("32s32s1s1s14s", ACCOUNT, PAYER, "3", "1", seen)
    return request(mti, **{"de3": code, "de4": f"{amount_fen:012d}", "de48": data, **changes})


def undo(mti: str = "0400", amount_fen: int = 12_495, **changes: str | None) -> Message:
    """Return an 0200 200000, an 0400 or an 0420."""
    code = {"de3": "200000"} if mti[1] == "2" else {}
    data = fixed("32s8s12s2s", ACCOUNT, "20261122", "000000000118", "07")
    return request(mti, **{**code, "de4": f"{amount_fen:012d}", "de48": data, **changes})


TOTALS = {"74": "1", "86": "300", "76": "22", "88": "123456", "77": "3", "89": "999999999999999"}
"""Cancels, payments, reversals: number and amount of each, by element."""


def totals(mti: str = "0500", **changes: str | None) -> Message:
    """Return an 0500 for the clearing date of 21 November."""
    counted = {f"de{name}": value.zfill(10 if int(name) < 80 else 16) for name, value in TOTALS.items()}
    return request(mti, **{"de15": "1121", **counted, **changes})


def network(code: str, **changes: str | None) -> Message:
    """Return an 0800 without data: sign-off or echo."""
    return request("0800", **{"de70": code, **changes})
