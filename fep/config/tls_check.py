"""TLS check TLS 与负载均衡检查: what is to be said of certificates and balancers before somebody is cut off by them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from crypto.certificate import Certificate
from fep.config.findings import ConfigInvalid
from fep.config.settings import Address, BankSettings, Settings
from fep.language import Text

RENEWAL = timedelta(days=30)
"""A certificate that ends sooner is warned about: a CA of a bank or utility takes weeks."""

_SHANGHAI = ZoneInfo("Asia/Shanghai")


class Grade(Enum):
    """How bad it is, by the names of ``config_check.Level``."""

    GOOD = auto()
    WARNING = auto()
    PROBLEM = auto()


Said = tuple[Grade, str, Text]
"""How bad, of what, and what."""


def check_transport(settings: Settings, now: datetime) -> Iterator[Said]:
    """Yield what is to be said of TLS and balancers.

    Args:
        settings: the whole configuration; certificates are read.
        now: naive, Asia/Shanghai.
    """
    from fep.config.tls_files import tls_endpoints

    try:
        endpoints = tls_endpoints(settings)
    except ConfigInvalid as invalid:
        for finding in invalid.findings:
            yield Grade.PROBLEM, finding.key, finding.text
    else:
        for address, endpoint in endpoints.items():
            is_mutual = endpoint.settings.client_ca is not None
            yield from _of_address(address, endpoint.certificate, now, is_mutual=is_mutual)
    for bank in settings.banks.values():
        yield from _of_bank(bank, settings)


def ending(certificate: Certificate, now: datetime) -> tuple[Grade, Text] | None:
    """Return what is to be said of one that cannot be used at ``now`` (naive, Asia/Shanghai) or not for long."""
    moment, end = now.replace(tzinfo=_SHANGHAI), f"{certificate.not_after.astimezone(_SHANGHAI):%Y-%m-%d %H:%M}"
    if certificate.not_after < moment:
        return Grade.PROBLEM, Text(f"its certificate has ended on {end}", f"证书已于 {end} 到期")
    if certificate.not_before > moment:
        return Grade.PROBLEM, Text("its certificate cannot be used yet", "证书尚未生效")
    if certificate.not_after - moment >= RENEWAL:
        return None
    days = (certificate.not_after - moment).days
    return Grade.WARNING, Text(
        f"its certificate ends in {days} days, on {end}; renew it and reload",
        f"证书将于 {end} 到期 (剩 {days} 天); 请换发后重读配置",
    )


def _of_address(address: Address, certificate: Certificate, now: datetime, *, is_mutual: bool) -> Iterator[Said]:
    subject = f"tls {address}"
    asked_en = "banks must show theirs" if is_mutual else "banks show none"
    asked_zh = "银行须出示证书" if is_mutual else "不要求银行证书"
    about = Text(f"certificate of {certificate.subject}; {asked_en}", f"证书 {certificate.subject}; {asked_zh}")
    yield Grade.GOOD, subject, about
    said = ending(certificate, now)
    if said is not None:
        yield said[0], subject, said[1]


def _of_bank(bank: BankSettings, settings: Settings) -> Iterator[Said]:
    for network in settings.listener.balancers:
        if any(network.version == own.version and network.overlaps(own) for own in bank.addresses):
            yield (
                Grade.WARNING,
                bank.bank_code,
                Text(
                    f"some of its addresses are balancers' ({network}): from there it must send a PROXY header",
                    f"其部分地址属于负载均衡器网段 ({network}): 来自这些地址的连接须带 PROXY 报头",
                ),
            )
