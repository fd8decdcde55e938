"""Partners 全部对端: the banks that this daemon asks over connections of its own, and the days that it keeps open."""

from typing import Any

from twisted.internet.defer import Deferred, DeferredList

from fep.links.bank import Bank
from fep.links.services import Services
from fep.partners.day_sign_in import DaySignIn
from fep.partners.partner import Partner
from protocol.session import SignsIn


class Partners:
    """All partners of one daemon.

    Attributes:
        by_bank: by bank code; banks that have a ``partner`` address.
    """

    def __init__(self, services: Services, reactor: Any) -> None:
        self.by_bank: dict[str, Partner] = {}
        self._days: dict[str, DaySignIn] = {}
        self._leaving: list[Partner] = []  # asked nothing more, but not all answered yet
        self._services = services
        self._reactor = reactor
        self.take_banks()

    def take_banks(self) -> None:
        """Take in which banks are asked by now, and where; one whose settings are the same is not disturbed."""
        self._leaving = [partner for partner in self._leaving if not partner.is_idle]
        wanted = {code: bank for code, bank in self._services.banks.items() if bank.settings.partner is not None}
        for code in [code for code, partner in self.by_bank.items() if not _is_of(partner, wanted.get(code))]:
            partner = self.by_bank.pop(code)
            self._days.pop(code, None)
            self._leaving.append(partner)
            partner.drain()
        for code, bank in wanted.items():
            if code not in self.by_bank:
                self._add(bank, self._services, self._reactor)

    def _add(self, bank: Bank, services: Services, reactor: Any) -> None:
        code = bank.settings.bank_code
        timeout_s = services.settings.link.partner_timeout
        settings, tails = bank.settings, services.tails
        partner = Partner(settings, settings.dialect, reactor, services.clock, services.wall_clock, timeout_s, tails)
        self.by_bank[code] = partner
        if bank.settings.session.signs_in is not SignsIn.FEP_EACH_DAY:
            return
        self._days[code] = DaySignIn(
            code,
            partner,
            services.next_own_serial,
            lambda: services.gate.clearing_date(code) or services.wall_clock().date(),
            services.clock,
            services.events,
        )

    def check(self, now: float) -> None:
        """Enforce time limits, and ask what is due, at ``now`` (monotonic seconds)."""
        for partner in (*self.by_bank.values(), *self._leaving):
            partner.check(now)
        for day in self._days.values():
            day.check(now)

    def is_open(self, bank_code: str) -> bool:
        """Tell whether the bank's day is signed in; one that has no such day is always open."""
        keeper = self._days.get(bank_code)
        return keeper is None or keeper.day.signed_in is not None

    def state(self, bank_code: str) -> dict[str, dict[str, str]]:
        """Return what an operator is told of a bank as ``partner``; nothing when it is none.

        ``day``, where the daemon keeps one open, is the one that is signed in, empty while none is; ``trouble`` is the
        transaction that fails, ``reason`` a word of ``errors.Reason``, ``code`` the bank's own.
        """
        partner = self.by_bank.get(bank_code)
        if partner is None:
            return {}
        state = {"address": str(partner.address)}
        if (keeper := self._days.get(bank_code)) is not None:
            trouble = keeper.day.trouble
            state["day"] = str(keeper.day.signed_in or "")
            state["trouble"] = trouble.transaction.label if trouble else ""
            state["reason"] = trouble.reason.value if trouble else ""
            state["code"] = trouble.code if trouble else ""
        return {"partner": state}

    def drain(self) -> "Deferred[list[tuple[bool, None]]]":
        """Ask nothing more; fires when what was sent is answered or over. Days stay open: the daemon may come back."""
        return DeferredList([partner.drain() for partner in (*self.by_bank.values(), *self._leaving)])


def _is_of(partner: Partner, bank: Bank | None) -> bool:
    """Tell whether a partner was made of the bank's present settings, as far as it looks at them."""
    return bank is not None and partner.is_of(bank.settings)
