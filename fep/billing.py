"""Billing 营业数据库: the databases of one running daemon, one or one for each supply branch, behind one gate."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import structlog

from dbgate.branch import Branch, draw_fep_serials, open_all
from dbgate.branches import Branches
from dbgate.errors import GateError
from dbgate.gate import Gate
from dbgate.lane_group import Deliver
from fep.config.settings import Settings
from fep.databases import open_databases

_log = structlog.get_logger()

HUNG_TIMEOUTS = 3.0
"""A lane answers at ``db_timeout``, whatever the database does; after three of them it is stuck in a driver."""

HUNG_S_MIN = 30.0
"""And not sooner, however short ``db_timeout`` is: to find out twice that a server is silent takes twenty seconds."""


class Billing:
    """All billing databases that the configuration names.

    Args:
        deliver: as of ``Gate``.
        turn: as of ``Gate``.

    Attributes:
        branches: in the order of the configuration.
        gate: takes the work; of one database its own gate, so that no routing stands in the way.

    Raises:
        ConfigInvalid, DatabaseUnavailable: one of them cannot even be named: its password, its driver.
    """

    def __init__(self, settings: Settings, deliver: Deliver, turn: AbstractContextManager[object]) -> None:
        tables = settings.billing.databases
        cut_offs = {code: bank.cut_off for code, bank in settings.banks.items()}
        self._bank_codes = tuple(settings.banks)
        self._reasons: dict[Branch, str] = {}
        self._hung_s = max(HUNG_S_MIN, HUNG_TIMEOUTS * settings.billing.db_timeout)
        self.branches = [
            Branch(
                table.name,
                database,
                Gate(
                    database,
                    deliver,
                    cut_offs=cut_offs,
                    batch_max=settings.billing.batch_max,
                    queue_max=settings.billing.queue_max,
                    turn=turn,
                ),
            )
            for table, database in zip(tables, open_databases(settings), strict=True)
        ]
        self.gate: Gate | Branches = self.branches[0].gate
        if len(self.branches) > 1:
            self.gate = Branches({branch: table.prefixes for branch, table in zip(self.branches, tables, strict=True)})

    def open(self) -> None:
        """Open what can be opened; the rest is opened by ``look_after`` while the others are served. Blocks.

        Raises:
            SchemaMismatch: one of them has not the schema of this program.
            DatabaseUnavailable: none of them can be asked.
        """
        for branch, error in open_all(self.branches, self._bank_codes):
            self._reasons[branch] = str(error)
            _log.error("database_closed", **branch.database.about, reason=str(error))

    def look_after(self, branch: Branch) -> None:
        """Roll the clearing dates of a branch, or open it when it is not open yet. Blocks.

        Each branch is looked after by itself, so that one that hangs keeps nobody else waiting. What fails is logged
        once for each reason, and once more when it is well again: this runs every few seconds, and an outage may last
        for hours.
        """
        was_open = branch.is_open
        try:
            branch.look_after(self._bank_codes)
        except GateError as error:
            self._note_failure(branch, str(error))
            return
        had_failed = self._reasons.pop(branch, None) is not None
        if not was_open:
            _log.info("database_opened", **branch.database.about)
        elif had_failed:
            _log.info("clearing_rolls_resumed", **branch.database.about)

    def _note_failure(self, branch: Branch, reason: str) -> None:
        if self._reasons.get(branch) != reason:
            self._reasons[branch] = reason
            _log.warning(
                "clearing_roll_failed" if branch.is_open else "database_closed", **branch.database.about, reason=reason
            )

    def draw_fep_serials(self, count: int) -> list[int]:
        """Draw fep_serials for the FEP's own requests; see ``dbgate.branch``. Blocks."""
        return draw_fep_serials(self.branches, count)

    def take_banks(self, settings: Settings) -> None:
        """Serve the banks of a new configuration, each with its cut-off; ``ensure_banks`` makes their dates."""
        self._bank_codes = tuple(settings.banks)
        cut_offs = {code: bank.cut_off for code, bank in settings.banks.items()}
        for branch in self.branches:
            branch.gate.take_cut_offs(cut_offs)

    def ensure_banks(self) -> None:
        """Make the clearing dates of new banks; where a database is away, the bank's first payment does. Blocks."""
        for branch in self.branches:
            if branch.is_open:
                try:
                    branch.gate.ensure_banks(self._bank_codes)
                except GateError as error:
                    self._note_failure(branch, str(error))

    def state(self) -> list[dict[str, Any]]:
        """Return what the daemon knows of its databases, for ``fep status``."""
        return [{"name": branch.name, "number": branch.number, "is_up": branch.is_up} for branch in self.branches]

    def ailments(self) -> Iterator[str]:
        """Yield what is wrong with the threads that ask the databases."""
        for branch in self.branches:
            for ailment in branch.gate.ailments(self._hung_s):
                yield f"{branch.name}: {ailment}"

    def close(self, timeout_s: float) -> None:
        """Finish what waits and runs, within ``timeout_s``. Blocks."""
        self.gate.close(timeout_s)
        for branch in self.branches:
            branch.database.let_go()
