"""Admission 接入控制: who may open one more connection; looked at before a byte is read.

A peer that fails to sign in is kept out for a while, twice as long each time, so that whoever tries keys, or is wrongly
set up and tries without end, costs the others nothing. Links that are signed in are not touched. An address from which
links are signed in is more than one machine, behind a translated address or a balancer: it is let in again after a
second, so that one that is wrongly set up does not lock the others out.
"""

from collections import Counter, OrderedDict
from dataclasses import dataclass

from fep.config.settings import ListenerSettings
from fep.links.route import IPAddress

FREE_FAILURES = 20
"""Frames that may be refused before a sign-in without a wait: a key typed wrongly, front-ends that try by turns."""

WAIT_S_MAX = 60.0
"""The longest wait: a bank that has mended its keys is in service within a minute."""

WAIT_WITH_LINKS_S_MAX = 1.0
"""The longest wait of an address from which links are signed in."""

CONNECTIONS_MAX = "connections_max"
"""Why nobody else is let in either."""

FORGOTTEN_S = 600.0
"""After so long without another failure a peer is as good as new."""

PEERS_MAX = 4096
"""Peers whose failures are remembered: only addresses of banks' networks get this far; the eldest is forgotten."""


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_s: float = 0.0
    until_s: float = 0.0


class Admission:
    """The connections of one daemon, by the addresses that they come from."""

    def __init__(self) -> None:
        self.count = 0
        self._of_peer: Counter[IPAddress] = Counter()
        self._links_of_peer: Counter[IPAddress] = Counter()
        self._failures: OrderedDict[IPAddress, _Failures] = OrderedDict()

    def refusal(self, peer: IPAddress, limits: ListenerSettings, now: float) -> str | None:
        """Return why ``peer`` may not open one more connection at ``now`` (monotonic seconds), None when it may."""
        if self.count >= limits.connections_max:
            return CONNECTIONS_MAX
        if self._of_peer[peer] >= limits.connections_per_address_max:
            return "connections_per_address_max"
        failures = self._failures.get(peer)
        if failures is not None and now < failures.until_s:
            return "sign_in_failures"
        return None

    def opened(self, peer: IPAddress) -> None:
        """Count a connection."""
        self.count += 1
        self._of_peer[peer] += 1

    def closed(self, peer: IPAddress) -> None:
        """Count a connection no more."""
        self.count -= 1
        self._of_peer[peer] -= 1
        if not self._of_peer[peer]:
            del self._of_peer[peer]

    def failed(self, peer: IPAddress, now: float) -> None:
        """A frame of ``peer`` was refused before a sign-in: for its MAC, its keys, its bank or its length."""
        failures = self._failures.pop(peer, None) or _Failures()
        if now - failures.last_s > FORGOTTEN_S:
            failures.count = 0
        failures.count += 1
        failures.last_s = now
        if failures.count > FREE_FAILURES:
            longest_s = WAIT_WITH_LINKS_S_MAX if self._links_of_peer[peer] else WAIT_S_MAX
            failures.until_s = now + min(2.0 ** (failures.count - FREE_FAILURES - 1), longest_s)
        self._failures[peer] = failures
        if len(self._failures) > PEERS_MAX:
            self._failures.popitem(last=False)

    def signed_in(self, peer: IPAddress) -> None:
        """A link of ``peer`` has signed in."""
        self._links_of_peer[peer] += 1

    def signed_off(self, peer: IPAddress) -> None:
        """A link of ``peer`` that was signed in has ended."""
        self._links_of_peer[peer] -= 1
        if not self._links_of_peer[peer]:
            del self._links_of_peer[peer]

    def proven(self, peer: IPAddress) -> None:
        """A link of ``peer`` has shown that it has its keys: what failed before is forgotten."""
        self._failures.pop(peer, None)
