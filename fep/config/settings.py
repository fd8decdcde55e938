"""Settings 配置项: the configuration as plain values, with every default and its reason in one place.

``fep/config/configuration.py`` reads these from TOML; a field's name is its key there, its table is named beside its
class. Durations are seconds; the wire specification gives the defaults of the link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from crypto.certificate import Certificate
from crypto.suites import Suite
from handlers.file_put import FileQuotas
from handlers.terms import BankTerms, Rules
from protocol.dialect import Dialect
from protocol.dialects.registry import DEFAULT
from protocol.files.formats import STANDARD, FileFormat
from protocol.session import Session
from protocol.transactions import Transaction

Network = IPv4Network | IPv6Network
Encryption = Literal["optional", "required", "forbidden"]

PUSH_RATE_MAX = 20
"""Pushes to a bank a second: 70,000 bills an hour, and a bank's debit system hardly notices."""


PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: ``HOST:PORT``; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


TlsVersion = Literal["1.2", "1.3"]


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Table ``[listener.tls."HOST:PORT"]``: TLS on one address.

    Attributes:
        certificate: PEM file of the own certificate and its issuers.
        private_key: reference (``file:``, ``env:``, ``credential:``) to its key, PEM.
        client_ca: PEM file of the authorities that sign banks' certificates; None: no certificate is asked for.
        version_min: of TLS; 1.2 is for banks that cannot do more.
    """

    certificate: Path
    private_key: str
    client_ca: Path | None = None
    version_min: TlsVersion = "1.3"


@dataclass(frozen=True, slots=True)
class CertificatePin:
    """What a bank's own certificate must be; says nothing while both are empty.

    Attributes:
        subject: as ``crypto.certificates.Certificate`` has it.
        sha256: one of these digests; two while a bank changes its certificate.
    """

    subject: str = ""
    sha256: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.subject or self.sha256)

    def fits(self, certificate: Certificate | None) -> bool:
        """Tell whether this is said of ``certificate``; of none nothing is."""
        if certificate is None or not self:
            return False
        return self.subject in ("", certificate.subject) and (not self.sha256 or certificate.sha256 in self.sha256)


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Table ``[listener]``.

    Attributes:
        addresses: where banks connect that speak the default dialect.
        dialect: by name, where those of another dialect connect; else on ports above these, each dialect's so many.
        reuse_port: several daemons may share a port (SO_REUSEPORT); off, so that a taken port is an error.
        connections_max: 1,024 leased lines are more than any utility has; each costs some 50 kB.
        connections_per_address_max: a bank's front-ends often stand behind one address.
        balancers: networks whose connections begin with a PROXY header, version 2, that is believed.
        handshake_timeout: that header and the TLS handshake together; over a satellite they take three seconds.
        tls: by address, where it is spoken.
    """

    addresses: tuple[Address, ...] = (Address("127.0.0.1", 9700),)
    reuse_port: bool = False
    connections_max: int = 1024
    connections_per_address_max: int = 256
    dialect: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    balancers: tuple[Network, ...] = ()
    handshake_timeout: float = 5.0
    tls: Mapping[Address, TlsSettings] = field(default_factory=dict)

    def addresses_of(self, dialect: Dialect) -> tuple[Address, ...]:
        """Return where banks of ``dialect`` connect."""
        own = self.dialect.get(dialect.name)
        if own is not None or not dialect.port_offset:
            return self.addresses if own is None else own
        return tuple(
            Address(address.host, address.port + dialect.port_offset if address.port else 0)
            for address in self.addresses
        )


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Table ``[link]``: time limits and bounds of one connection.

    Attributes:
        frame_timeout: a frame that has begun must be complete.
        sign_in_timeout: sign-in done after connecting.
        idle_timeout: no verified frame for so long: ECHO is sent.
        echo_timeout: and after so long without one still, the connection closes; so does one, 70 s after sign-in, whose
            session keys the bank has never used.
        drain_timeout: reading on after half-close.
        write_timeout: a peer that takes none of its replies for so long is cut off.
        clock_limit: largest difference of clocks at sign-in.
        key_lifetime: of session keys.
        partner_timeout: asking a bank over a connection of the FEP's own: connecting and exchange together.
        in_flight_max: requests of one connection in work; above it the connection is not read. 1,000 requests may be
            pipelined on the standard link, a quarter of them fills two batches.
    """

    frame_timeout: float = 10.0
    sign_in_timeout: float = 10.0
    idle_timeout: float = 60.0
    echo_timeout: float = 10.0
    drain_timeout: float = 5.0
    write_timeout: float = 30.0
    clock_limit: float = 300.0
    key_lifetime: int = 86_400
    partner_timeout: float = 10.0
    in_flight_max: int = 256


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """One ``[[billing.database]]``.

    Attributes:
        name: shown in logs.
        number: 1 to 99; fep_serial and invoice_no begin with it.
        url: SQLAlchemy URL without a password.
        password: reference (``file:``, ``env:``, ``credential:``) to the password, empty when there is none.
        prefixes: beginnings of the account numbers that stand in it; the longest that fits decides. With one database
            all accounts stand in it, whatever their numbers.
    """

    name: str
    number: int
    url: str
    password: str = ""
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BillingSettings:
    """Table ``[billing]``.

    Attributes:
        databases: where the billing data are, one database or one for each supply branch, as in the file.
        db_timeout: a request is answered after so long, whatever the database does.
        queue_max: requests waiting for a database; above it 1011.
        batch_max: requests in one transaction; larger ones make each other wait without being faster.
        apply_on_load: ``fep load`` of bills settles them from balances.
    """

    databases: tuple[DatabaseSettings, ...]
    db_timeout: float = 10.0
    queue_max: int = 4096
    batch_max: int = 128
    apply_on_load: bool = False


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Table ``[keys]``.

    Attributes:
        store: the key store file.
        master_key: reference to the master key that opens it.
        key_age_max: a bank's keys that are in use for longer are warned about; a year, as auditors ask for.
        four_eyes: what changes keys is proposed by one officer and approved by another.
        proposal_age_max: how long it may be approved; three days outlast a weekend.
    """

    store: Path
    master_key: str
    key_age_max: float = 31_536_000.0
    four_eyes: bool = True
    proposal_age_max: float = 259_200.0


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Table ``[log]``: ``level`` debug to error; ``format`` auto takes colours on a terminal, JSON to a pipe."""

    level: str = "info"
    format: Literal["auto", "json", "console"] = "auto"


@dataclass(frozen=True, slots=True)
class ControlSettings:
    """Table ``[control]``: the local socket that ``fep status`` asks.

    Attributes:
        socket: only the daemon's user and root can open it while no groups are named.
        operators: the system's group whose members may do everything but see frames; empty: nobody.
        security_officers: the group whose members may look, close links, and act on keys; empty: for keys the files'
            rights decide.
        auditors: the group whose members may look, and see masked frames.
    """

    socket: Path = Path("fep.sock")
    operators: str = ""
    security_officers: str = ""
    auditors: str = ""


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Table ``[metrics]``: where ``/metrics``, ``/health`` and ``/ready`` are served; nowhere while it is not set."""

    address: Address | None = None


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Table ``[traces]``: where traces of requests are sent by OTLP over HTTP; nowhere while it is not set.

    Attributes:
        endpoint: as ``http://127.0.0.1:4318/v1/traces``; a start alone reads it, and the others but the ratio.
        sample_ratio: of all requests; one of a hundred shows where the time goes, at full load 50 a second.
        service_name: what collectors know the daemon by.
        headers: reference to what a collector wants beside it, one ``name: value`` a line, as a token.
    """

    endpoint: str = ""
    sample_ratio: float = 0.01
    service_name: str = "fep"
    headers: str = ""


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Table ``[files]``: where batch files stand, a folder for each bank in it.

    Attributes:
        directory: on storage that all daemons and jobs share.
        file_size_max: bytes of one file that a bank sends; 9 million rows of a detail file.
        bank_size_max: bytes of all that one bank has sent and nobody has moved away.
        part_count_max: files of one bank that are begun and not complete; a day has two or three.
        part_age_max: one that has not grown for so long is dropped; a bank does not resume after a week.
    """

    directory: Path = Path("files")
    file_size_max: int = 536_870_912
    bank_size_max: int = 4_294_967_296
    part_count_max: int = 16
    part_age_max: float = 604_800.0

    @property
    def quotas(self) -> FileQuotas:
        """How much a bank may store."""
        return FileQuotas(self.file_size_max, self.bank_size_max, self.part_count_max)


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Table ``[audit]``: the audit log 审计日志.

    Attributes:
        directory: of its chains; daemons of one machine may share it, each takes a chain of its own.
        seal_interval: a chain that has grown is sealed after so long, beside the seals at each cut-off: what is cut off
            behind the last seal is found by the movements in the database alone.
    """

    directory: Path = Path("audit")
    seal_interval: float = 3600.0


LINKS_MAX = 256
"""Links of one bank: a quarter of all, and more than any has."""

IN_FLIGHT_MAX = 2048
"""Requests of one bank in work: half of what may wait for the database, so that the others have the other half."""


@dataclass(frozen=True, slots=True)
class BankSettings:
    """One file ``banks/<bank_code>_<name>.toml``.

    Attributes:
        bank_code: 4 digits, as in the file's name.
        name: shown to operators.
        dialect: bank format.
        node: what its frames call it, where that is not its bank code.
        accept_no_mac: needed for formats without a MAC: whoever can send from its addresses is believed.
        line_protection: what protects the line of such a bank, in the operator's words.
        suite: the algorithms, never negotiated.
        encryption: whether bodies may, must or must not be encrypted.
        addresses: networks the bank may connect from.
        partner: where it is connected to, in formats in which the FEP asks over connections of its own.
        push: newly loaded bills of its mandates are pushed to it.
        push_rate_max: pushes a second, from each daemon.
        files: how its batch files are written.
        file_prefix: what their names begin with, in formats whose names do not have the bank code.
        links_max: connections that are signed in; one more is told to try again.
        in_flight_max: requests in work over all its connections; above it 1011.
        rate_max: requests a second over all its connections; above it 1011. 0: no limit.
        statement_account: the utility's account there, as statements for the ledger name it; empty: the bank's code.
        certificate: what it must show where it signs in; empty: any, but none of another bank's.
        accept_weak_mac: needed for suites that protect against line errors only.
        cut_off: when its clearing date rolls, Asia/Shanghai.
        terms: what it may do.
    """

    bank_code: str
    name: str
    suite: Suite
    addresses: tuple[Network, ...]
    terms: BankTerms
    dialect: Dialect = DEFAULT
    node: str = ""
    accept_no_mac: bool = False
    line_protection: str = ""
    encryption: Encryption = "optional"
    accept_weak_mac: bool = False
    certificate: CertificatePin = CertificatePin()
    cut_off: time = time(23, 30)
    partner: Address | None = None
    push: bool = False
    push_rate_max: int = PUSH_RATE_MAX
    files: FileFormat = STANDARD
    file_prefix: str = ""
    statement_account: str = ""
    links_max: int = LINKS_MAX
    in_flight_max: int = IN_FLIGHT_MAX
    rate_max: int = 0

    @property
    def own_node(self) -> str:
        """What its frames call it."""
        return self.node or self.bank_code

    @property
    def announces_files(self) -> bool:
        """Whether it tells when a file of its own is complete, so that none is used before."""
        return self.session.announces_files and Transaction.FILE_NOTICE in self.terms.transactions

    @property
    def encrypts_own(self) -> bool:
        """Whether the bodies of the FEP's own requests to it are encrypted."""
        return self.encryption != "forbidden" and self.session.may_encrypt

    @property
    def session(self) -> Session:
        """How a bank that speaks its dialect behaves."""
        return self.dialect.session


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole configuration, with relative paths made absolute.

    ``file_name``: the file in ``directory``. ``are_addresses_given``: on the command line, instead of the file's.
    """

    directory: Path
    billing: BillingSettings
    keys: KeySettings
    banks: Mapping[str, BankSettings]
    listener: ListenerSettings = ListenerSettings()
    link: LinkSettings = LinkSettings()
    log: LogSettings = LogSettings()
    control: ControlSettings = ControlSettings()
    metrics: MetricsSettings = MetricsSettings()
    traces: TraceSettings = TraceSettings()
    files: FileSettings = FileSettings()
    audit: AuditSettings = AuditSettings()
    rules: Rules = field(default_factory=Rules)
    file_name: str = "fep.toml"
    are_addresses_given: bool = False
