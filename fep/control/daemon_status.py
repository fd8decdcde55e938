"""Daemon status 运行状态: what a daemon says of itself to whoever asks; nothing of a customer."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fep.audit.keeping import AuditKeeping
from fep.billing import Billing
from fep.links.link import Link
from fep.links.services import Services
from fep.partners.partners import Partners
from fep.ports import Ports
from fep.pushes.pusher import Pusher


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The parts of a daemon that it tells of; all belong to the loop's thread.

    Attributes:
        started_at: Asia/Shanghai.
        links: all connections, signed in or not.
        is_draining: whether it ends.
    """

    started_at: datetime
    services: Services
    billing: Billing
    ports: Ports
    partners: Partners
    pusher: Pusher
    audit: AuditKeeping
    links: Callable[[], Iterable[Link]]
    is_draining: Callable[[], bool]

    def take(self) -> dict[str, Any]:
        """Return the status of this moment, for JSON."""
        services, links = self.services, list(self.links())
        signed_in = Counter(link.bank.settings.bank_code for link in links if link.bank)
        return {
            "pid": os.getpid(),
            "started_at": f"{self.started_at:%Y-%m-%d %H:%M:%S}",
            "addresses": [str(address) for address in self.ports.addresses()],
            "connections": len(links),
            "in_work": len(services.in_work),
            "is_draining": self.is_draining(),
            "ailments": [*self.ports.ailments(), *self.billing.ailments(), *self.audit.ailments()],
            "audit": self.audit.told(),
            "banks": {code: self._bank(code, signed_in[code]) for code in services.banks},
            "databases": self.billing.state(),
            "transactions": [
                {"bank_code": bank, "transaction": transaction, "response_code": code, "count": count}
                for (bank, transaction, code), count in sorted(services.transaction_log.counts.items())
            ],
            "events": dict(services.events),
        }

    def _bank(self, code: str, links: int) -> dict[str, Any]:
        bank = self.services.banks[code]
        return {
            "name": bank.settings.name,
            "links": links,
            "is_suspended": bank.settings.terms.is_suspended,
            "clearing_date": str(self.services.gate.clearing_date(code) or ""),
            "keys": bank.key_state(self.services.wall_clock()),
            **self.partners.state(code),
            **self.pusher.state(code),
        }
