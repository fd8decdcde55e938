"""Converters 取值规则: from a TOML value to the value of a setting, or the finding that says what is expected.

Each takes the value and its place and returns what the settings hold; ``ConfigInvalid`` says what is wrong with it.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

from fep.config.findings import ConfigInvalid, Gathering, Place
from fep.config.settings import PORT_MAX, Address, Network
from fep.key_like import is_key_like

Convert = Callable[[object, Place], Any]

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<host>[A-Za-z0-9.-]+)):(?P<port>\d{1,5})", re.ASCII)
_REFERENCE = re.compile(r"(?:file:.+|env:[A-Za-z_][A-Za-z0-9_]*|credential:[A-Za-z0-9_-][A-Za-z0-9_.-]*)", re.ASCII)
_TOKEN_REFERENCE = re.compile(r"pkcs11:[!-~]+", re.ASCII)
_SHOWN_CHARACTERS_MAX = 60


def expected(place: Place, en: str, zh: str, value: object) -> ConfigInvalid:
    """Return the error "expected this, not that"."""
    shown = _shown(value)
    return place.unfit(f"expected {en}, not {shown}", f"应为{zh}, 实为 {shown}")


def flag(value: object, place: Place) -> bool:
    """Take ``true`` or ``false``."""
    if isinstance(value, bool):
        return value
    raise expected(place, "true or false", " true 或 false", value)


def whole(least: int, most: int) -> Convert:
    """Take a whole number in these bounds, both included."""

    def convert(value: object, place: Place) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise expected(place, f"a whole number from {least} to {most}", f" {least} 到 {most} 的整数", value)

    return convert


def seconds(least: float, most: float) -> Convert:
    """Take a duration in seconds in these bounds, both included."""

    def convert(value: object, place: Place) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
            return float(value)
        raise expected(place, f"seconds from {least:g} to {most:g}", f" {least:g} 到 {most:g} 秒", value)

    return convert


def line(characters_max: int = 255) -> Convert:
    """Take one line of text that is not empty."""

    def convert(value: object, place: Place) -> str:
        if isinstance(value, str) and 0 < len(value) <= characters_max and value.isprintable():
            return value
        raise expected(
            place,
            f"one line of text in quotes, at most {characters_max} characters",
            f"引号中的一行文字, 最多 {characters_max} 个字符",
            value,
        )

    return convert


def matching(pattern: str, en: str, zh: str) -> Convert:
    """Take text that the regular expression matches whole; ``en`` and ``zh`` say what that is."""
    compiled = re.compile(pattern, re.ASCII)

    def convert(value: object, place: Place) -> str:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        raise expected(place, en, zh, value)

    return convert


def choice(names: Mapping[str, object] | Collection[str]) -> Convert:
    """Take one of these names; a mapping gives what stands for it."""
    values = names if isinstance(names, Mapping) else {name: name for name in names}
    listed = ", ".join(f'"{name}"' for name in values)

    def convert(value: object, place: Place) -> object:
        if isinstance(value, str) and value in values:
            return values[value]
        raise expected(place, f"one of {listed}", f"其中之一: {listed}", value)

    return convert


def wall_clock(value: object, place: Place) -> time:
    """Take ``"HH:MM"``."""
    if isinstance(value, str) and (match := _CLOCK.fullmatch(value)):
        return time(int(match[1]), int(match[2]))
    raise expected(place, 'a time "HH:MM" in quotes, from "00:00" to "23:59"', ' "00:00" 到 "23:59" 的时刻', value)


def listening_address(value: object, place: Place) -> Address:
    """Take ``"HOST:PORT"`` or ``"[IPv6]:PORT"``."""
    address = parse_address(value) if isinstance(value, str) else None
    if address is not None:
        return address
    raise expected(
        place,
        '"HOST:PORT", as "127.0.0.1:9700" or "[::1]:9700", with a port from 0 to 65535',
        ' "主机:端口", 如 "127.0.0.1:9700" 或 "[::1]:9700", 端口 0 到 65535',
        value,
    )


def address_or_none(value: object, place: Place) -> Address | None:
    """Take a listening address; empty is none."""
    return None if value == "" else listening_address(value, place)


def peer_address(value: object, place: Place) -> Address | None:
    """Take ``"IP:PORT"`` of a machine to connect to; empty is none.

    No name: looking one up blocks a thread for as long as its server likes, and whoever answers for it would be
    believed in the bank's place.
    """
    address = parse_address(value) if isinstance(value, str) else None
    if value == "":
        return None
    if address is not None and address.port and _is_ip(address.host) and not ip_address(address.host).is_unspecified:
        return address
    raise expected(
        place,
        'the bank\'s "IP:PORT", as "10.1.2.3:9800" or "[fd00::1]:9800", with a port from 1 to 65535',
        '银行的 "IP:端口", 如 "10.1.2.3:9800" 或 "[fd00::1]:9800", 端口 1 到 65535',
        value,
    )


def parse_address(text: str) -> Address | None:
    """Return what ``HOST:PORT`` says, None when it is no address; a port of 0 takes a free one."""
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > PORT_MAX:
        return None
    host = match["six"] or match["host"]
    # All digits and dots: meant as an address, so no name to look up.
    is_numeric = match["six"] is not None or not host.strip("0123456789.")
    return None if is_numeric and not _is_ip(host) else Address(host, int(match["port"]))


def network(value: object, place: Place) -> Network:
    """Take an IP network or one address."""
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError:
        pass
    try:
        nearest = ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        raise expected(place, 'an IP network, as "10.1.2.0/24"', ' IP 网段, 如 "10.1.2.0/24"', value) from None
    raise place.unfit(
        f'{_shown(value)} is an address inside a network; write the network, "{nearest}", or the address alone',
        f'{_shown(value)} 是网段内的地址; 请写网段 "{nearest}" 或单个地址',
    )


def relative_path(value: object, place: Place) -> Path:
    """Take a path; a relative one is relative to the file in which it stands."""
    if isinstance(value, str) and value and "\0" not in value:
        return place.file.parent / value
    raise expected(place, "a path in quotes", "引号中的路径", value)


def ratio(value: object, place: Place) -> float:
    """Take a part of the whole, 0 to 1."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise expected(place, "a number from 0 to 1", "0 到 1 之间的数", value)


def reference(value: object, place: Place) -> str:
    """Take a reference to a secret. The value is not shown: it may be the secret itself."""
    if isinstance(value, str) and _REFERENCE.fullmatch(value) and not is_key_like(value):
        return value
    raise place.unfit(
        'expected a reference to the secret, never the secret itself: "file:PATH", "env:NAME" or "credential:NAME"',
        '应为密码的引用, 不得写密码本身: "file:路径"、"env:变量名" 或 "credential:凭据名"',
    )


def master_key_reference(value: object, place: Place) -> str:
    """Take a reference to a secret, or to a key in a hardware security module."""
    if isinstance(value, str) and _TOKEN_REFERENCE.fullmatch(value):
        return value
    return reference(value, place)


def many(convert: Convert, *, least: int = 0) -> Convert:
    """Take a list of at least ``least`` items without repetition."""

    def convert_all(value: object, place: Place) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) < least:
            items = "a list [...]" + (f" of at least {least}" if least else "")
            raise expected(place, items, "列表 [...]" + (f", 至少 {least} 项" if least else ""), value)
        gathering = Gathering()
        converted = []
        for number, item in enumerate(value, 1):
            where = place.item(number)
            result = gathering.attempt(lambda item=item, where=where: convert(item, where))  # type: ignore[misc]
            if result is not None and result in converted:
                gathering.add(where.unfit(f"{_shown(item)} is repeated", f"{_shown(item)} 重复"))
            converted.append(result)
        gathering.close()
        return tuple(converted)

    return convert_all


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _shown(value: object) -> str:
    """Return the value as TOML would have it, near enough, and short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table [...]"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _SHOWN_CHARACTERS_MAX else f"{text[:_SHOWN_CHARACTERS_MAX]}…"
