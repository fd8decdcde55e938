"""Certificate notices 证书提示: what the log says of certificates at the start and after each reload."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from fep.config.settings import Address
from fep.config.tls_check import ending

if TYPE_CHECKING:
    from fep.links.tls import TlsEndpoint

_log = structlog.get_logger()


def tell_certificates(endpoints: Mapping[Address, "TlsEndpoint"], now: datetime) -> None:
    """Log which certificate is shown where; louder when it has ended or soon will. ``now``: naive, Asia/Shanghai."""
    for address, endpoint in endpoints.items():
        certificate = endpoint.certificate
        about = {
            "address": str(address),
            "subject": certificate.subject,
            "sha256": certificate.sha256,
            "not_after": f"{certificate.not_after:%Y-%m-%dT%H:%M:%SZ}",
        }
        _log.info("certificate", **about, asks_clients=endpoint.settings.client_ca is not None)
        said = ending(certificate, now)
        if said is not None:
            _log.warning("certificate_ends", **about, reason=said[1].en)
