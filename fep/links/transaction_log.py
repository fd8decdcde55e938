"""Transaction log 交易日志: one line for each frame that was answered, and counters of the same.

The line is canonical: everything an operator asks about one transaction stands in it. It names the bank and its
serials, by which the journal has the rest; never an account or a name. Where the log is JSON it is put together here,
without structlog: 3 µs instead of 11 for what each transaction writes.
"""

from collections import Counter
from collections.abc import Mapping
from logging import INFO

import structlog

from dbgate.histogram import Histogram
from fep.log_lines import Threshold, json_lines, threshold, timestamp
from protocol.canonical.messages import Answer
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

_UNFORESEEN = frozenset(
    {ResponseCode.SYSTEM_MALFUNCTION, ResponseCode.OUTCOME_UNKNOWN, ResponseCode.DATABASE_UNAVAILABLE}
)


DURATION_BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""From an ECHO, which is answered from memory, to what a database holds up."""


class TransactionLog:
    """Writes the lines and counts what they say, for ``fep status`` and the metrics.

    Attributes:
        counts: by (bank, transaction, response code).
        durations: seconds from a whole frame to its answer, by transaction.
    """

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.durations: dict[str, Histogram] = {}
        self._log = structlog.get_logger()
        lines, first = json_lines(), threshold()
        self._write = None if lines is None else lines.write
        self._threshold = first or Threshold(INFO)

    @staticmethod
    def said(bank_code: str, transaction: Transaction | None, trace: Mapping[str, str], answer: Answer) -> str:
        """Return the fields that name a frame and its answer, as JSON without braces; none can need an escape."""
        names = "".join([f'"{name}": "{digits}", ' for name, digits in trace.items()])
        if answer.fep_serial is not None:
            names += f'"fep_serial": "{answer.fep_serial:012d}", '
        label = transaction.label if transaction else "unknown"
        repeat = ', "repeat": true' if answer.repeat else ""
        code = f'"response_code": "{answer.code.code}"{repeat}'
        return f'"bank_code": "{bank_code}", "transaction": "{label}", {names}{code}'

    def answered(
        self,
        bank_code: str,
        transaction: Transaction | None,
        trace: Mapping[str, str],
        answer: Answer,
        elapsed_ms: float,
        batch_size: int,
        *,
        is_written: bool = True,
    ) -> str:
        """Write the line of one answered frame, and return the fields that name it, as JSON without braces.

        ``bank_code`` is a known bank's or ``unknown``; ``trace`` is what the frame says of itself, digits all of it.
        """
        label = transaction.label if transaction else "unknown"
        self.counts[bank_code, label, answer.code.code] += 1
        durations = self.durations.get(label)
        if durations is None:
            durations = self.durations[label] = Histogram(DURATION_BOUNDS_S)
        durations.note(elapsed_ms / 1000)
        said = self.said(bank_code, transaction, trace, answer)
        if not is_written:
            return said
        level = "warning" if answer.code in _UNFORESEEN else "info"
        if self._write is not None and self._threshold.level <= INFO:
            self._write(_json_line(level, said, elapsed_ms, batch_size))
            return said
        fields: dict[str, object] = {"bank_code": bank_code, "transaction": label, **trace}
        if answer.fep_serial is not None:
            fields["fep_serial"] = f"{answer.fep_serial:012d}"
        fields["response_code"] = answer.code.code
        if answer.repeat:
            fields["repeat"] = True
        fields["elapsed_ms"] = round(elapsed_ms, 2)
        fields["batch_size"] = batch_size
        if level == "warning":
            self._log.warning("transaction", **fields)
        else:
            self._log.info("transaction", **fields)
        return said


def _json_line(level: str, said: str, elapsed_ms: float, batch_size: int) -> str:
    """Return the line as structlog would render it."""
    return (
        f'{{{said}, "elapsed_ms": {elapsed_ms:.2f}, "batch_size": {batch_size}, '
        f'"event": "transaction", "level": "{level}", "timestamp": "{timestamp()}"}}\n'
    )
