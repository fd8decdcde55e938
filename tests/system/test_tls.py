"""TLS and balancers in front of the real daemon: who is let in, by which certificate, from which address. TLS与负载均衡

One daemon listens on a port in clear and on one with TLS; what comes from 127.0.0.9 comes through a balancer.
Certificates are made anew by an authority of the tests.
"""

import contextlib
import json
import signal
import socket
import ssl
import struct
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority, Issued
from tests.support.daemon import fep
from tests.support.ports import free_port
from tests.support.raw_bank import ECHO, KEY_EXCHANGE, SIGN_IN, SIGN_IN_REQUEST, SIGN_OUT, Closed, RawBank
from tests.system.messages import DEPOSIT, PAY, pay

WAIT_S = 15.0
BALANCER = "127.0.0.9"
SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
REFUSED = (ssl.SSLError, ConnectionError, Closed)
Begin = Callable[[socket.socket], socket.socket]


def proxy_header(source: str, tail: bytes = b"") -> bytes:
    """Return what HAProxy sends with send-proxy-v2 for a connection from ``source``."""
    address = ip_address(source)
    family, other = (0x11, bytes(4)) if address.version == 4 else (0x21, bytes(16))
    body = address.packed + other + struct.pack(">HH", 40_000, 9700) + tail
    return SIGNATURE + struct.pack(">BBH", 0x21, family, len(body)) + body


def announcing(source: str) -> Begin:
    """Begin as a balancer that announces ``source``."""

    def begin(plain: socket.socket) -> socket.socket:
        plain.sendall(proxy_header(source))
        return plain

    return begin


def over_tls(authority: Authority, issued: Issued | None = None, *, after: Begin | None = None) -> Begin:
    """Begin with a TLS handshake, with the bank's certificate where there is one."""
    context = ssl.create_default_context(cafile=authority.file)
    if issued is not None:
        context.load_cert_chain(issued.certificate_file, issued.key_file)

    def begin(plain: socket.socket) -> socket.socket:
        return context.wrap_socket(after(plain) if after else plain, server_hostname="127.0.0.1")

    return begin


class Front:
    """A site with its two ports, and the authority of all certificates."""

    def __init__(self, site: Any, folder: Path) -> None:
        self.site, self.daemon = site, site.daemon
        self.config: Path = site.directory / "fep.toml"
        self.authority = Authority(folder)
        self.own = self.authority.issue("fep")
        self.tls_port, self.metrics_port = free_port(), free_port()
        self.table = f'listener.tls."127.0.0.1:{self.tls_port}"'
        self._tables = {
            path: path.read_text(encoding="utf-8") for path in (self.config, *self.config.parent.glob("banks/*.toml"))
        }

    def configure(self) -> None:
        """Write the configuration that all tests begin with."""
        for path, text in self._tables.items():
            path.write_text(text, encoding="utf-8")
        ports = self.daemon.port, self.tls_port
        self.daemon.configure(
            "listener",
            addresses=[f"127.0.0.1:{port}" for port in ports],
            balancers=[f"{BALANCER}/32"],
        )
        self.daemon.configure("metrics", address=f"127.0.0.1:{self.metrics_port}")
        files = {"certificate": str(self.own.certificate_file), "private_key": f"file:{self.own.key_file}"}
        self.daemon.configure(self.table, **files)
        self.daemon.configure_bank("0102", addresses=["127.0.0.0/8", "198.51.100.0/24"])
        self.daemon.configure_bank("0103", addresses=["127.0.0.1/32", "198.51.100.7/32", "2001:db8::/64"])

    def ask_clients(self) -> None:
        """Clients must show a certificate of the authority, from the next reload on."""
        self.daemon.configure(self.table, client_ca=str(self.authority.file))

    def reload(self, event: str = "reloaded") -> dict[str, Any]:
        """Have the daemon read its configuration again; return the line that says what became of it."""
        mark = self.daemon.mark()
        self.daemon.signal(signal.SIGHUP)
        line: dict[str, Any] = self.daemon.wait_for_event(
            lambda line: line["event"] == event, since=mark, timeout_s=WAIT_S
        )
        return line

    def connect(self, bank_code: str = "0102", issued: Issued | None = None, **options: Any) -> RawBank:
        """Connect with TLS."""
        return self._connected(RawBank(self.tls_port, bank_code, begin=over_tls(self.authority, issued), **options))

    def behind(self, announced: str, bank_code: str = "0102", **options: Any) -> RawBank:
        """Connect in clear through the balancer, which announces an address."""
        begin = announcing(announced)
        return self._connected(RawBank(self.daemon.port, bank_code, source=BALANCER, begin=begin, **options))

    def _connected(self, bank: RawBank) -> RawBank:
        self.site._banks.append(bank)
        return bank

    def shown(self) -> bytes:
        """Return the certificate that a new connection is shown, DER."""
        certificate: bytes = self.connect().socket.getpeercert(binary_form=True)  # type: ignore[attr-defined]
        return certificate

    def lines(self, event: str, count: int, mark: int) -> list[dict[str, Any]]:
        """Return the first so many lines of an event since a mark; the log is written beside what is answered."""
        deadline, found = time.monotonic() + WAIT_S, []
        while len(found) < count and time.monotonic() < deadline:
            found = [line for line in self.daemon.events(mark) if line["event"] == event]
            time.sleep(0.01)
        return found

    def links(self) -> list[dict[str, Any]]:
        """Return what ``fep links`` says of those who have signed in."""
        links = json.loads(fep("links", "--json", "--config", self.config).stdout)
        return [link for link in links if link["bank_code"]]

    def balancer(self, port: int) -> socket.socket:
        """Return a connection of the balancer that has sent nothing."""
        return socket.create_connection(("127.0.0.1", port), timeout=WAIT_S, source_address=(BALANCER, 0))


@pytest.fixture(scope="module")
def shared_front(make_site: Any, secrets: set[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One daemon for the module."""
    site = make_site()
    front = Front(site, tmp_path_factory.mktemp("tls"))
    front.configure()
    front.daemon.other_ports = [front.tls_port]
    front.daemon.start()
    yield front
    site.close(secrets)


@pytest.fixture
def front(shared_front: Front) -> Iterator[Front]:
    """The module's daemon; what a test has configured holds for that test alone."""
    yield shared_front
    shared_front.site.hang_up()
    shared_front.configure()
    shared_front.reload()


def closed_by_peer(connected: socket.socket) -> bool:
    """Tell whether the other side has closed, in whatever way."""
    with contextlib.suppress(ConnectionResetError):
        return connected.recv(1) == b""
    return True


def test_a_bank_pays_over_tls(front: Front) -> None:
    """TLS 1.3; requests may be pipelined as on a leased line, and operators see how a link has come in."""
    bank, account = front.connect().sign_in(), front.site.take("empty")
    frames = [bank.build(PAY, pay(account.account_no, 100 + number, DEPOSIT)) for number in range(60)]
    assert {reply.code for reply in bank.replies(frames)} == {"0000"}

    (link,) = front.links()
    assert (link["tls"], link["balancer"], link["peer"]) == ("TLSv1.3", "", "127.0.0.1")
    said = " ".join(fep("check-config", "--config", front.config).stdout.split())
    assert f"tls 127.0.0.1:{front.tls_port}" in said
    assert "certificate of CN=fep,O=Test,C=CN" in said


def test_the_end_of_the_certificate_is_a_metric(front: Front) -> None:
    """An alert can be set on it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{front.metrics_port}/metrics", timeout=WAIT_S) as reply:
        text = reply.read().decode()
    name = f'fep_certificate_not_after_timestamp_seconds{{address="127.0.0.1:{front.tls_port}"}} '
    (value,) = [line.removeprefix(name) for line in text.splitlines() if line.startswith(name)]
    assert 89 < (float(value) - time.time()) / 86_400 < 90


def test_a_bank_that_does_not_take_its_replies(front: Front) -> None:
    """It is not read any more until it does, as without TLS; then it gets every reply."""
    bank = front.connect().sign_in()
    frames = [bank.build(ECHO) for _ in range(1500)]
    sending = threading.Thread(target=lambda: bank.socket.sendall(b"".join(frames)))
    sending.start()
    front.connect("0103").sign_in()  # the others are served meanwhile
    codes = Counter(bank.reply(frame).code for frame in frames)
    sending.join(WAIT_S)
    assert codes == {"0000": len(frames)}


def test_a_bank_that_signs_out_sees_an_orderly_end(front: Front) -> None:
    """The daemon's end of TLS is announced (close_notify), so nobody can cut a reply off unnoticed."""
    bank = front.connect().sign_in()
    assert bank.request(SIGN_OUT).code == "0000"
    assert bank.until_closed() == []  # an end without close_notify would raise SSLEOFError


def test_what_does_not_speak_tls_is_closed(front: Front) -> None:
    """A frame in clear is no handshake; TLS 1.2 is refused unless it is allowed."""
    mark = front.daemon.mark()
    with RawBank(front.tls_port) as plain:
        plain.send(plain.build(KEY_EXCHANGE))
        assert plain.socket.recv(100)[:1] in (b"", b"\x15")  # an alert at most
    old = ssl.create_default_context(cafile=front.authority.file)
    old.maximum_version = ssl.TLSVersion.TLSv1_2

    def agreed() -> str | None:
        with (
            socket.create_connection(("127.0.0.1", front.tls_port)) as connected,
            old.wrap_socket(connected, server_hostname="127.0.0.1") as agreed,
        ):
            return agreed.version()

    with pytest.raises(ssl.SSLError):
        agreed()
    reasons = [line["reason"] for line in front.lines("tls_handshake_failed", 2, mark)]
    assert reasons == ["wrong version number", "unsupported protocol"]

    front.daemon.configure(front.table, version_min="1.2")
    front.reload()
    assert agreed() == "TLSv1.2"


def test_certificates_are_read_again_under_a_live_connection(front: Front) -> None:
    """After SIGHUP new connections get the new certificate; those that are open go on, with nothing lost."""
    bank, account = front.connect().sign_in(), front.site.take("empty")
    first = front.shown()
    renewed = front.authority.issue("fep")
    front.own.certificate_file.write_bytes(renewed.certificate_file.read_bytes())
    front.own.key_file.write_bytes(renewed.key_file.read_bytes())

    front.reload()

    digest, deadline = sha256(renewed.certificate_file.read_bytes()).hexdigest(), time.monotonic() + WAIT_S
    audit = front.site.directory / "audit"  # tells which certificate it was
    while not any(digest in path.read_text(encoding="ascii") for path in audit.glob("daemon-*/*.jsonl")):
        time.sleep(0.01)
        assert time.monotonic() < deadline
    assert front.shown() != first
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "0000"


def test_a_bad_certificate_refuses_the_reload(front: Front) -> None:
    """A key that is not the certificate's: nothing of the new configuration is taken over, and it is said where."""
    bank, account = front.connect().sign_in(), front.site.take("empty")
    first, key = front.shown(), front.own.key_file.read_bytes()
    front.own.key_file.write_bytes(front.authority.issue("other").key_file.read_bytes())
    front.daemon.configure_bank("0102", "limits", single_fen=500)

    reason = front.reload("reload_refused")["reason"]

    front.own.key_file.write_bytes(key)
    assert f"{front.table}.private_key: is not the key of the certificate" in reason
    assert front.shown() == first
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "0000"


def test_clients_must_show_a_certificate(front: Front) -> None:
    """With client_ca whoever shows none, or a stranger's, is refused in the handshake; a bank's own is let in."""
    front.ask_clients()
    front.reload()
    mark = front.daemon.mark()
    stranger = Authority(front.own.key_file.parent, "Other CA").issue("bank0102")
    for issued in (None, stranger):
        with pytest.raises(REFUSED):
            front.connect("0102", issued).sign_in()
    front.connect("0102", front.authority.issue("bank0102")).sign_in()

    reasons = [line["reason"] for line in front.lines("tls_handshake_failed", 2, mark)]
    assert reasons == ["peer did not return a certificate", "certificate verify failed"]


def test_a_bank_shows_its_own_certificate(front: Front) -> None:
    """Where a bank's file names its certificate no other serves it, and it serves no other bank: a security event.

    A connection whose certificate is not the bank's any more after a reload ends, and no other does.
    """
    own, other, anybody = (front.authority.issue(name) for name in ("bank0102", "bank0103", "bank0104"))
    front.ask_clients()
    front.daemon.configure_bank("0102", certificate_sha256=[own.sha256])
    front.daemon.configure_bank("0103", certificate_subject="CN=bank0103,O=Test,C=CN")
    front.reload()
    bank = front.connect("0102", own).sign_in()
    beside = front.connect("0103", other).sign_in()
    front.connect("0104", anybody).sign_in()
    mark = front.daemon.mark()
    wrong = (("0102", other), ("0103", own), ("0104", own), ("0102", anybody))
    for bank_code, issued in wrong:
        with pytest.raises(Closed):
            front.connect(bank_code, issued).sign_in()
    with pytest.raises(Closed), RawBank(front.daemon.port) as plain:
        plain.sign_in()  # on the port in clear it shows none
    events = [(line["kind"], line["bank_code"]) for line in front.lines("security_event", 5, mark)]
    assert events == [("certificate", bank_code) for bank_code in (*(code for code, _ in wrong), "0102")]

    renewed = front.authority.issue("bank0102")
    front.daemon.configure_bank("0102", certificate_sha256=[renewed.sha256])
    front.reload()
    assert bank.until_closed() == []
    front.connect("0102", renewed).sign_in()
    beside.check_alive()


def test_what_never_ends(front: Front) -> None:
    """Slow-loris in the handshake or in the header: closed after the limit and counted; banks are served meanwhile."""
    bank = front.connect().sign_in()
    front.daemon.configure("listener", handshake_timeout=1)
    front.reload()
    mark = front.daemon.mark()
    with (
        socket.create_connection(("127.0.0.1", front.tls_port), timeout=WAIT_S) as slow,
        front.balancer(front.daemon.port) as slow_balancer,
    ):
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        slow_balancer.sendall(SIGNATURE[:5])
        bank.check_alive()
        assert closed_by_peer(slow)
        assert closed_by_peer(slow_balancer)
    for event, peer in (("tls_handshake_failed", "127.0.0.1"), ("proxy_header_invalid", BALANCER)):
        (line,) = front.lines(event, 1, mark)
        assert (line["peer"], line["reason"]) == (peer, "timed out")
    bank.check_alive()


def test_the_announced_address_counts(front: Front) -> None:
    """The allow lists, at accept and at sign-in, and what operators see go by what the balancer announces."""
    bank, account = front.behind("198.51.100.9").sign_in(), front.site.take("empty")
    assert bank.request(PAY, pay(account.account_no, 100, DEPOSIT)).code == "0000"
    front.behind("2001:db8::9", "0103").sign_in()
    assert [(link["peer"], link["balancer"]) for link in front.links()] == [
        ("198.51.100.9", BALANCER),
        ("2001:db8::9", BALANCER),
    ]
    mark = front.daemon.mark()
    with pytest.raises(Closed):
        front.behind("198.51.100.9", "0103").sign_in()  # another bank's network
    with contextlib.suppress(ConnectionError):
        assert front.behind("203.0.113.1").until_closed() == []  # nobody's
    refused = front.daemon.wait_for_event(lambda line: line["event"] == "connection_refused", mark)
    assert (refused["peer"], refused["reason"], refused["balancer"]) == ("203.0.113.1", "address", BALANCER)


def test_a_header_in_pieces_and_a_frame_with_it(front: Front) -> None:
    """A header may come byte by byte, and what follows it in the same segment is the first frame."""
    bank = RawBank(front.daemon.port, source=BALANCER)
    front.site._banks.append(bank)
    header = proxy_header("198.51.100.9")
    for at in range(len(header) - 1):
        bank.socket.sendall(header[at : at + 1])
    frame = bank.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=bytes(range(16))))
    bank.socket.sendall(header[-1:] + frame)
    assert bank.reply(frame).code == "0000"


def test_only_balancers_are_believed(front: Front) -> None:
    """From any other address a header is no header but the beginning of a frame, of a version that there is not."""
    with RawBank(front.daemon.port, source="127.0.0.2", begin=announcing("198.51.100.7")) as liar:
        liar.socket.sendall(bytes(0x0D0A))  # as long a frame as the first bytes of the header say
        answer = liar.read_frame()
        assert answer is not None
        assert answer.code == "1007"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"PROXY TCP4 198.51.100.9 127.0.0.1 40000 9700\r\n", "version 1"),
        (b"\x00\x68", "no PROXY header"),
        (SIGNATURE + b"\x21\x31\x00\x00", "no TCP connection"),
    ],
)
def test_a_balancer_without_its_header(front: Front, sent: bytes, reason: str) -> None:
    """It is closed and counted at once, or when its time is over; the reason says what to change."""
    mark = front.daemon.mark()
    with front.balancer(front.daemon.port) as balancer:
        balancer.sendall(sent)
        assert closed_by_peer(balancer)
    line = front.daemon.wait_for_event(lambda line: line["event"] == "proxy_header_invalid", mark)
    assert reason in line["reason"]


@pytest.mark.parametrize("has_tls", [False, True])
def test_health_checks_of_a_balancer(front: Front, has_tls: bool) -> None:
    """LOCAL is answered by silence, or by a handshake, and a check may close at once; neither is an event."""
    port, mark = front.tls_port if has_tls else front.daemon.port, front.daemon.mark()
    with front.balancer(port) as check:
        check.sendall(SIGNATURE + struct.pack(">BBH", 0x20, 0x00, 0))
        if has_tls:
            over_tls(front.authority)(check).close()
        else:
            check.shutdown(socket.SHUT_WR)
            assert closed_by_peer(check)
    front.balancer(port).close()
    front.behind("198.51.100.9").sign_in()
    front.lines("signed_in", 1, mark)
    assert {line["event"] for line in front.daemon.events(mark)} <= {"signed_in", "transaction", "tls_handshake_failed"}
    assert {line["reason"] for line in front.daemon.events(mark) if line["event"] == "tls_handshake_failed"} <= {
        "ended"
    }


def test_tls_behind_a_balancer(front: Front) -> None:
    """The header comes first, then the handshake: the allow list is asked before a byte of TLS is read."""
    own, mark = front.authority.issue("bank0102"), front.daemon.mark()
    front.ask_clients()
    front.daemon.configure_bank("0102", certificate_sha256=[own.sha256])
    front.reload()
    begin = over_tls(front.authority, own, after=announcing("198.51.100.9"))
    with RawBank(front.tls_port, source=BALANCER, begin=begin) as bank:
        bank.sign_in()
        (line,) = front.lines("signed_in", 1, mark)
        digest = own.sha256.replace(":", "").lower()
        assert (line["balancer"], line["tls"], line["certificate_sha256"]) == (BALANCER, "TLSv1.3", digest)
        (link,) = front.links()
        assert (link["peer"], link["tls"], link["balancer"]) == ("198.51.100.9", "TLSv1.3", BALANCER)
    with front.balancer(front.tls_port) as stranger:
        stranger.sendall(proxy_header("203.0.113.1"))
        assert closed_by_peer(stranger)
    front.lines("connection_refused", 1, mark)
    assert [line for line in front.daemon.events(mark) if line["event"] == "tls_handshake_failed"] == []


def test_a_certificate_that_cannot_be_used_at_the_start(front: Front) -> None:
    """The daemon does not start, and says file and key; exit code 2, so that systemd does not try again."""
    front.own.key_file.chmod(0o644)
    try:
        done = fep("run", "--config", front.config)
    finally:
        front.own.key_file.chmod(0o600)
    assert done.returncode == 2
    assert f"{front.table}.private_key" in done.stderr
    assert "chmod 600" in done.stderr


def test_tls_on_a_socket_of_the_service_manager(fresh_site: Any, tmp_path: Path) -> None:
    """A socket that was handed over speaks TLS when its port is one of [listener] that does.

    What has begun is answered when the daemon ends, before the end of TLS.
    """
    front = Front(fresh_site, tmp_path)
    front.configure()
    front.daemon.configure("listener", addresses=[f"127.0.0.1:{front.tls_port}"])
    with socket.create_server(("127.0.0.1", front.tls_port)) as listening:
        front.daemon.port, front.daemon.handed_over = front.tls_port, listening
        front.daemon.start()
        bank, account = front.connect().sign_in(), front.site.take("empty")
        frames = [bank.build(PAY, pay(account.account_no, 100 + number, DEPOSIT)) for number in range(50)]
        bank.send(*frames)
        assert bank.reply(frames[0]).code == "0000"
        front.daemon.signal(signal.SIGTERM)
        assert {bank.reply(frame).code for frame in frames[1:]} <= {"0000", "1011"}
        assert bank.until_closed() == []
        bank.close()
        assert front.daemon.wait() == 0
