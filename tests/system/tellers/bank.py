"""A bank of each format on a site: its file, its keys, its port, and tellers that are connected. 各格式的银行

One more format is one more entry of FORMATS.
"""

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.support.daemon import START_DEADLINE_S, Daemon, done, fep
from tests.support.ports import free_ports
from tests.support.raw_bank import AK, KEK
from tests.system.checks import CUT_OFF
from tests.system.conftest import Site
from tests.system.tellers.elec02 import Elec02Teller
from tests.system.tellers.iso8583 import CHARACTERS_WITH_DIGITS, PACKED_WITH_NUMBER, Iso8583Teller
from tests.system.tellers.iso8583_line import Form
from tests.system.tellers.standard import StandardTeller
from tests.system.tellers.teller import Teller


@dataclass(frozen=True)
class Format:
    """How a bank that speaks a format is set up and reached.

    Attributes:
        connect: a teller at a port.
        port_offset: the format's port is so far above the listener's.
        file: further lines of the bank's file; empty for a bank of the demonstration.
        settings: keys of fep.toml by section.
        has_keys: AK and KEK must be loaded for the bank.
    """

    bank_code: str
    connect: Callable[[int], Teller]
    port_offset: int = 0
    file: str = ""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    has_keys: bool = False


ELEC02_FILE = """\
dialect = "elec02"
node = "301"
accept_no_mac = true
line_protection = "loopback"
"""
ISO8583_FILE = """\
dialect = "iso8583"
suite = "3des"
"""


def _iso8583(form: Form, length: str, packing: str) -> Format:
    settings = {"dialect.iso8583": {"length": length, "packing": packing}}
    return Format("0901", lambda port: Iso8583Teller(port, form), 1, ISO8583_FILE, settings, has_keys=True)


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "standard": Format("0102", lambda port: StandardTeller(port, "0102")),
        "elec02": Format("0401", Elec02Teller, 2, ELEC02_FILE),
        "iso8583": _iso8583(CHARACTERS_WITH_DIGITS, "digits", "ascii"),
        "iso8583 packed": _iso8583(PACKED_WITH_NUMBER, "binary", "packed"),
    }
)
ON_ONE_SITE = {name: bank_format for name, bank_format in FORMATS.items() if not name.endswith(" packed")}
"""The formats that one daemon serves at once: how ISO 8583 is written is a setting of the site."""
SECOND_STANDARD = Format("0103", lambda port: StandardTeller(port, "0103"))
"""Another bank of the demonstration, with another suite."""


class Bank:
    """One bank on a site that the tests own: what it needs is written before the daemons start."""

    def __init__(self, site: Site, bank_format: Format) -> None:
        self.site, self.format = site, bank_format
        self._tellers: list[Teller] = []
        if bank_format.file:
            head = f'bank_code = "{self.code}"\nname = "{self.code}"\naddresses = ["127.0.0.1"]\n'
            cut_off = f'cut_off = "{CUT_OFF:%H:%M}"\n'
            path = site.directory / "banks" / f"{self.code}_bank.toml"
            path.write_text(head + cut_off + bank_format.file, encoding="utf-8")
        for section, values in bank_format.settings.items():
            site.daemon.configure(section, **values)
        if bank_format.has_keys:
            self._import_keys()

    def _import_keys(self) -> None:
        """Load the keys as an operator does, each from a file of its own."""
        words: list[str | Path] = []
        for kind, key in (("ak", AK), ("kek", KEK)):
            path = self.site.directory / f"{self.code}.{kind}"
            path.touch(mode=0o600)
            path.write_text(key.hex(), encoding="ascii")
            words += [f"--{kind}-file", path]
        done(fep("keys", "import", self.code, "--config", self.site.directory / "fep.toml", *words))

    @property
    def code(self) -> str:
        return self.format.bank_code

    def teller(self, daemon: int = 0) -> Teller:
        """Return a teller with a line of his own."""
        port = self.site.daemons[daemon].port + self.format.port_offset
        _wait_until_somebody_listens(port)
        teller = self.format.connect(port)
        self._tellers.append(teller)
        return teller

    def hang_up(self) -> None:
        """Close the lines of all tellers."""
        with ExitStack() as closing:
            while self._tellers:
                closing.callback(self._tellers.pop().close)


def start(site: Site, daemons: int = 1) -> None:
    """Start daemons on ports that have free ones above them, all over the directory of the site."""
    site.daemons[1:] = [Daemon(site.directory) for _ in range(daemons - 1)]
    for daemon in site.daemons:
        daemon.port = free_ports(3)
        daemon.start()


def _wait_until_somebody_listens(port: int) -> None:
    """A daemon that has just started opens its ports one after the other, this one not as the first."""
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nobody listens on port {port}"
            time.sleep(0.01)
        else:
            return
