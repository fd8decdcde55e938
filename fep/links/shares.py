"""Shares 份额: how many requests of one link may wait for one of several databases.

A branch that hangs would else take all that a link may have in work, and stop it for the other branches too.
"""

from collections.abc import Hashable

from fep.links.exchange import Exchange
from fep.links.in_work import AnswersExchanges
from protocol.canonical.messages import Answer


class Share:
    """A link, as the requests that wait for one database see it: they end in the share and in the link."""

    __slots__ = ("_in_flight_max", "_link", "in_flight")

    def __init__(self, link: AnswersExchanges, in_flight_max: int) -> None:
        self._link = link
        self._in_flight_max = in_flight_max
        self.in_flight = 0

    @property
    def is_full(self) -> bool:
        """No more may wait for this database."""
        return self.in_flight >= self._in_flight_max

    def answer(self, exchange: Exchange, answer: Answer, batch_size: int = 0) -> None:
        """Send the reply over the link."""
        self._link.answer(exchange, answer, batch_size)

    def answered_late(self, exchange: Exchange, answer: Answer) -> None:
        """Tell of it for the link."""
        self._link.answered_late(exchange, answer)

    def work_done(self) -> None:
        """One request less is in work."""
        self.in_flight -= 1
        self._link.work_done()


class Shares:
    """The shares of one link.

    Half of what the link may have in work may wait for one database, a quarter for all of them at once: so with one
    that hangs a quarter is left for the others.
    """

    def __init__(self, link: AnswersExchanges, in_flight_max: int) -> None:
        self._link = link
        self._one_max = max(1, in_flight_max // 2)
        self._all_max = max(1, in_flight_max // 4)
        self._shares: dict[Hashable, Share] = {}

    def of(self, branch: Hashable | None) -> Share:
        """Return the share of a branch; None stands for work that goes to all of them."""
        share = self._shares.get(branch)
        if share is None:
            share = self._shares[branch] = Share(self._link, self._all_max if branch is None else self._one_max)
        return share
