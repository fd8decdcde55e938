"""Job log 批处理流水留痕: the movements that a job posts, each a line in a chain of the job's own."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from dbgate.job import Committed
from dbgate.records import Payment
from fep.audit.chain import Chain
from fep.audit.folders import JOB
from fep.audit.lines import Kind, entry
from fep.audit.movements import movement_entry
from fep.config.settings import Settings
from fep.language import say
from fep.operators import present_operator
from fep.system_reasons import os_reason_text


class JobLog:
    """The chain of one job; it is begun with the first movement.

    Args:
        settings: of the site.
        cause: what posts: ``debit_import``, ``balances_apply`` and so on.
    """

    def __init__(self, settings: Settings, cause: str) -> None:
        self._directory = settings.audit.directory
        self._cause = cause
        self._chain: Chain | None = None
        self._has_failed = False

    def committed(self, rows: Sequence[Payment], is_certain: bool) -> None:
        """Tell of journal rows that were committed; what cannot be told is said once, for the money has moved."""
        if self._has_failed:
            return
        try:
            if self._chain is None:
                self._chain = self._opened()
            self._chain.append([movement_entry(row, self._cause, is_certain=is_certain) for row in rows])
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Have on the disk what was told, and let others write."""
        chain, self._chain = self._chain, None
        if chain is None:
            return
        try:
            if not self._has_failed:
                chain.append([entry(Kind.COMMAND, {"cause": self._cause, "result": "ended"})])
                chain.sync()
        except OSError as error:
            self._fail(error)
        chain.close()

    def _opened(self) -> Chain:
        chain = Chain.of_slot(self._directory, JOB)
        chain.opened({"by": self._cause, "pid": os.getpid(), "operator": present_operator()})
        return chain

    def _fail(self, error: OSError) -> None:
        self._has_failed = True
        reason = os_reason_text(error)
        click.echo(
            say(
                en=f"the audit log cannot be written: {reason}; movements are posted and not told there",
                zh=f"无法写入审计日志: {reason}; 流水照常入账但未留痕",
            ),
            err=True,
        )


@contextmanager
def job_log(settings: Settings, cause: str) -> Iterator[Committed]:
    """Yield what tells of a job's movements, until the block ends."""
    log = JobLog(settings, cause)
    try:
        yield log.committed
    finally:
        log.close()
