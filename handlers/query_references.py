"""Query references 查询凭据: the number that a QUERY's reply carries, and that a PAY of some bank formats must name.

It says itself when and for whom it was given out, under a key that all daemons share. So nothing is stored for a query,
and a reference holds across daemons, restarts and databases.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTES = 100_000
"""Minutes after which the clock in a reference begins again: 69 days, far more than any age that is allowed."""

CHECKS = 10_000_000
"""Values of the part that only the key can make: a reference that was made up passes once in ten million tries."""

_EPOCH = datetime(2020, 1, 1)  # noqa: DTZ001 - the database clock is naive Asia/Shanghai by contract
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class QueryReferences:
    """Gives references out and knows them again.

    Attributes:
        key: secret of the site; a daemon that has another does not know its fellows' references.
        age_max: an older reference is as good as none.
    """

    key: bytes = field(default=b"", repr=False)
    age_max: timedelta = timedelta(minutes=30)

    def issue(self, bank_code: str, account_no: str, now: datetime) -> int:
        """Return a reference of at most 12 digits for a query of ``account_no`` by the bank at ``now``."""
        minute = (now - _EPOCH) // _MINUTE % MINUTES
        return minute * CHECKS + self._check(bank_code, account_no, minute)

    def is_current(self, reference: int, bank_code: str, account_no: str, now: datetime) -> bool:
        """Tell whether ``reference`` was given to this bank for this account, no longer ago than ``age_max``."""
        minute, check = divmod(reference, CHECKS)
        expected = self._check(bank_code, account_no, minute)
        if minute >= MINUTES or not hmac.compare_digest(str(check), str(expected)):
            return False
        age_minutes = ((now - _EPOCH) // _MINUTE - minute) % MINUTES
        return age_minutes * _MINUTE <= self.age_max

    def _check(self, bank_code: str, account_no: str, minute: int) -> int:
        text = f"{bank_code}\0{account_no}\0{minute}".encode()
        return int.from_bytes(hmac.digest(self.key, text, hashlib.sha256)[:8]) % CHECKS
