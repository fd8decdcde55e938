"""Certificate 证书: what is known of one, apart from the library that reads it, which takes its time to load."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known of one certificate.

    Attributes:
        subject: its distinguished name as RFC 4514 writes it.
        sha256: digest of its DER form, 64 small hexadecimal digits.
        not_before, not_after: when it may be used, UTC.
    """

    subject: str
    sha256: str
    not_before: datetime
    not_after: datetime
