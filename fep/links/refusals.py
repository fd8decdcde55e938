"""Refusals 拒绝计数: connections, sign-ins and requests that one of the limits has turned away, for the metrics.

Every label is a word of this program or a bank of the configuration: what a stranger sends makes no new series.
"""

from collections import Counter
from dataclasses import dataclass, field

CONNECTION_REASONS = (
    "address",
    "connections_max",
    "connections_per_address_max",
    "sign_in_failures",
    "file_descriptors",
)
"""In no bank's network; the cap in all; the cap of one address; waiting after sign-ins that failed; none were left."""

LIMITS = ("in_flight_max", "rate_max")
"""The limits of a bank's file that a request may run into."""


@dataclass(slots=True)
class Refusals:
    """What was turned away since the start.

    Attributes:
        connections: by reason.
        sign_ins: by bank (``unknown`` for none of ours) and reason: ``address``, ``certificate``, ``links_max``, or the
            name of the response code.
        requests: by bank and limit.
    """

    connections: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(CONNECTION_REASONS, 0)))
    sign_ins: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
