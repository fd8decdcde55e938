"""Reloader 重读配置执行: takes a new configuration over in a running daemon, whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from crypto.errors import CryptoError
from fep.billing import Billing
from fep.config.dialect_tables import spoken
from fep.config.findings import ConfigInvalid
from fep.config.settings import Settings
from fep.links.bank import Bank
from fep.links.certificate_notices import tell_certificates
from fep.links.listener import LinkFactory
from fep.links.services import Services
from fep.log_setup import LEVELS, set_log_level
from fep.reloading import BankChanges, Configuration, bank_changes, keeps_links, read_again
from fep.service_manager import ServiceManager
from protocol.dialect import Dialect

_log = structlog.get_logger()

InThread = Callable[..., "Deferred[Any]"]
"""Runs a function with its arguments beside the event loop."""


class Listens(Protocol):
    """What accepts the banks' connections."""

    @property
    def factories(self) -> Sequence[LinkFactory]:
        """Those of all dialects that are listened for."""
        ...

    def listen_for(self, services: Services, dialects: Sequence[Dialect]) -> None:
        """Listen for those that are not listened for yet; CannotListenError when one cannot be."""
        ...


class KeepsSettings(Protocol):
    """What of the audit log is told of settings."""

    def take_settings(self, present: Settings, files: Mapping[str, str]) -> object:
        """Tell of settings that a reload has brought, and of the digests of their files."""
        ...

    def settings_refused(self, reason: str) -> None:
        """Tell of a reload that was refused."""
        ...


class Reloader:
    """Reads the configuration again whenever it is asked to; asked meanwhile, once more when it is done.

    Args:
        services: whose settings and banks are changed in place.
        billing: is told of banks and cut-offs.
        listener: of the banks' connections.
        take_banks: lets whatever else knows banks take in which there are.
        manager: is told when it begins and ends.
        audit: the audit log, which keeps what has changed and what was refused.
        in_thread: files, keys and databases are asked beside the event loop.
    """

    def __init__(
        self,
        services: Services,
        billing: Billing,
        listener: Listens,
        take_banks: Callable[[], None],
        manager: ServiceManager,
        in_thread: InThread,
        audit: KeepsSettings | None = None,
    ) -> None:
        self._services = services
        self._billing = billing
        self._listener = listener
        self._take_banks = take_banks
        self._manager = manager
        self._in_thread = in_thread
        self._audit = audit
        self._is_reading = False
        self._is_wanted = False

    def begin(self) -> None:
        """Read the configuration again."""
        self._is_wanted = self._is_reading
        if self._is_reading:
            return
        self._is_reading = True
        self._manager.reloading()
        self._in_thread(read_again, self._services.settings).addCallback(self._take_over).addErrback(
            self._refused
        ).addBoth(self._done)

    def _take_over(self, read: Configuration) -> None:
        services, present = self._services, self._services.settings
        self._listener.listen_for(services, spoken(read.settings.banks.values()))  # the last thing that can fail
        changes = bank_changes(present.banks, read.settings.banks)
        leaving = self._change_banks(read, changes)
        services.settings = read.settings
        if services.traces is not None:
            services.traces.sample_ratio = read.settings.traces.sample_ratio
        services.tls = read.tls
        for factory in self._listener.factories:
            factory.take_banks()
            factory.close_strangers(leaving)
        self._billing.take_banks(read.settings)
        self._take_banks()
        if changes.added:
            self._in_thread(self._billing.ensure_banks).addErrback(_unforeseen)
        tell_certificates(read.tls, services.wall_clock())
        if self._audit is not None:
            self._audit.take_settings(read.settings, read.files)
        self._say_taken_over(present, read.settings, changes)

    def _change_banks(self, read: Configuration, changes: BankChanges) -> list[Bank]:
        """Change the banks in place; return those whose connections end."""
        banks = self._services.banks
        leaving = [banks.pop(code) for code in changes.removed]
        for code in changes.added:
            banks[code] = read.banks[code]
        for code, bank in read.banks.items():
            if banks[code] is not bank:
                if not keeps_links(banks[code].settings, bank.settings):
                    leaving.append(banks[code])
                banks[code].take_over(bank)
        return leaving

    def _say_taken_over(self, present: Settings, taken: Settings, changes: BankChanges) -> None:
        """Say what has changed, and write from then on what the new level wants."""
        set_log_level(min(present.log.level, taken.log.level, key=LEVELS.__getitem__))
        _log.info("reloaded", added=list(changes.added), changed=list(changes.changed), removed=list(changes.removed))
        set_log_level(taken.log.level)

    def _refused(self, failure: Failure) -> None:
        """Run on with what there is, and say why: a bug of ours in here is no reason to end either."""
        known = failure.check(ConfigInvalid, CryptoError, CannotListenError, OSError)
        reason = str(failure.value) if known else "unexpected error"
        if self._audit is not None:
            self._audit.settings_refused(reason)
        _log.error("reload_refused", reason=reason, **({} if known else {"error": failure.value}))

    def _done(self, _: object) -> None:
        self._is_reading = False
        self._manager.ready()
        if self._is_wanted:
            self.begin()


def _unforeseen(failure: Failure) -> None:
    _log.error("ensure_banks_failed", error=failure.value)
