"""Transaction log 交易日志: one line for each frame that was answered, and counters of the same.

The line is canonical: everything an operator asks about one transaction stands in it. It names the bank and its
serials, by which the journal has the rest; never an account or a name.
"""

from collections import Counter
from collections.abc import Mapping

import structlog

from protocol.canonical import Answer
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

_UNFORESEEN = frozenset(
    {ResponseCode.SYSTEM_MALFUNCTION, ResponseCode.OUTCOME_UNKNOWN, ResponseCode.DATABASE_UNAVAILABLE}
)


class TransactionLog:
    """Writes the lines and counts them by (bank, transaction, response code) for ``fep status``."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self._log = structlog.get_logger()

    def answered(
        self,
        bank_code: str,
        transaction: Transaction | None,
        trace: Mapping[str, str],
        answer: Answer,
        elapsed_ms: float,
        batch_size: int,
    ) -> None:
        """Write the line of one answered frame; ``trace`` is what the frame says of itself, well formed or not."""
        label = transaction.label if transaction else "unknown"
        self.counts[bank_code, label, answer.code.code] += 1
        fields: dict[str, object] = {"bank_code": bank_code, "transaction": label, **trace}
        if answer.fep_serial is not None:
            fields["fep_serial"] = f"{answer.fep_serial:012d}"
        fields["response_code"] = answer.code.code
        if answer.repeat:
            fields["repeat"] = True
        fields["elapsed_ms"] = round(elapsed_ms, 2)
        fields["batch_size"] = batch_size
        if answer.code in _UNFORESEEN:
            self._log.warning("transaction", **fields)
        else:
            self._log.info("transaction", **fields)
