"""Desk 差异处理台: the steps of four eyes, as ``fep recon`` lets operators take them.

The difference stands in the first database, its account maybe in another: two transactions. So an approval is noted
first, then the money moves, under an identity by which it moves once, and last the difference is done. Whoever approves
again after a crash finds the movement and notes it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from dbgate import schema
from dbgate.books.difference_book import DifferenceBook
from dbgate.books.differences import Difference
from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.database import Database
from dbgate.errors import GateError, OutcomeUnknown
from dbgate.job import JOB_DEADLINE_S, job
from dbgate.work import Decide, Decision, Moment
from dbgate.working_set import WorkingSet
from fep.audit.job_log import job_log
from fep.commands.recon import refusals
from fep.config.configuration import load
from fep.config.settings import Settings
from fep.databases import databases_of, naming, place_of
from fep.operators import present_operator
from handlers.adjust_post import post
from handlers.adjust_record import record_only
from handlers.adjust_undo import undo
from handlers.adjustment import Adjusted, Adjustment, Hindered, Hindrance, needs_of
from handlers.difference_acts import ACTS, MOVES_MONEY, OURS_STANDS, Case, amount_fen, case_of, rest_of

CLAIM = timedelta(minutes=3)
"""How long an approval is left to whoever gave it: it ends within JOB_DEADLINE_S twice, unless its process has died."""

ABANDONED = timedelta(minutes=10)
"""From when on an approval that has moved no money may be rejected: its process has ended long before."""

_DECISIONS = MappingProxyType(
    {
        DifferenceAct.POST: post,
        DifferenceAct.UNDO: undo,
        DifferenceAct.REFUND: record_only,
        DifferenceAct.CLAIM: record_only,
    }
)


class Desk:
    """Where one operator works differences.

    Args:
        settings: of the site.
        databases: all of it, in the order of the configuration; the first one with the schema of this program.
        operator: who works here.
    """

    def __init__(self, settings: Settings, databases: Sequence[Database], operator: str) -> None:
        self._settings = settings
        self._databases = databases
        self._operator = operator
        self._book = DifferenceBook(databases[0])
        self._cut_offs = {code: bank.cut_off for code, bank in settings.banks.items()}

    def propose(self, difference_no: int, act: DifferenceAct, reason: str) -> Difference:
        """Propose what to do about an open difference, and return it as it stands then.

        Raises:
            CommandFailed: it is not open, the act does not fit it, or could not be done now.
        """
        difference = self._load(difference_no)
        if difference.state is not DifferenceState.OPEN:
            raise refusals.not_open(difference)
        case = _case(difference)
        if act not in ACTS[case]:
            raise refusals.unfit(difference, case, act)
        amount = amount_fen(difference, case, act)
        answer = self._ask(replace(difference, act=act, amount_fen=amount), case, is_trial=True)
        if isinstance(answer, Hindered):
            raise refusals.hindered(difference, answer)
        if answer.is_repeat:
            raise refusals.mended(difference, answer)
        if not self._book.propose(difference, act, amount, reason, self._operator):
            raise refusals.moved(difference)
        return self._load(difference_no)

    def reject(self, difference_no: int, reason: str) -> Difference:
        """Open a proposed difference again, and return it.

        Raises:
            CommandFailed: it is not proposed, or approved and perhaps on its way.
        """
        found, now = self._book.load(difference_no)
        difference = _required(found, difference_no)
        if difference.state is not DifferenceState.PROPOSED:
            raise refusals.not_proposed(difference)
        if difference.approved_at is not None:
            if now - difference.approved_at < ABANDONED:
                raise refusals.approved(difference)
            answer = self._ask(difference, _case(difference), is_trial=True)
            if isinstance(answer, Adjusted) and answer.is_repeat:
                raise refusals.mended(difference, answer)
        if not self._book.reject(difference, self._operator, reason):
            raise refusals.moved(difference)
        return self._load(difference_no)

    def approve(self, difference_no: int, agrees: Callable[[Difference], bool] = lambda _: True) -> Difference:
        """Do what another operator has proposed, and return the difference; may be repeated until it is done.

        Args:
            difference_no: of the difference.
            agrees: asks whether what it is shown is to be done; nothing else is done then, whatever is proposed since.

        Raises:
            CommandFailed: it is not proposed, or by the same operator, or not agreed to, or cannot be done now.
        """
        found, now = self._book.load(difference_no)
        difference = _required(found, difference_no)
        if difference.state is DifferenceState.DONE and difference.approved_by == self._operator:
            return difference
        if difference.state is not DifferenceState.PROPOSED:
            raise refusals.not_proposed(difference)
        if difference.proposed_by == self._operator:
            raise refusals.same_operator(difference)
        is_others = difference.approved_at is not None and difference.approved_by != self._operator
        if is_others and difference.approved_at is not None and now - difference.approved_at < CLAIM:
            raise refusals.being_approved(difference)
        if not agrees(difference):
            raise refusals.not_agreed(difference)
        return self._move_money(difference) if difference.act in MOVES_MONEY else self._record(difference)

    def _record(self, difference: Difference) -> Difference:
        """Note an act that the bank carries out, unless the case has changed."""
        answer = self._ask(difference, _case(difference), is_trial=True)
        if isinstance(answer, Hindered):
            raise refusals.hindered(difference, answer)
        if answer.is_repeat:
            raise refusals.mended(difference, answer)
        if not self._book.finish(difference, self._operator, None):
            raise refusals.moved(difference)
        return self._load(difference.difference_no)

    def _move_money(self, difference: Difference) -> Difference:
        """Claim the act, move the money, note that it is done; after a crash at any point this goes on from there."""
        began = time.monotonic()
        if not self._book.claim(difference, self._operator):
            raise refusals.moved(difference)
        claimed = self._load(difference.difference_no)
        if claimed.approved_by != self._operator:
            raise refusals.being_approved(claimed)
        if time.monotonic() - began > JOB_DEADLINE_S:  # others may take it that this process has died
            raise refusals.being_approved(claimed)
        answer = self._ask(claimed, _case(claimed))
        if isinstance(answer, Hindered):
            # Of a claim that was taken over, the money may still be on its way: that stays, and is rejected later.
            if difference.approved_at is None:
                self._book.release(claimed, self._operator, answer.hindrance.value)
            raise refusals.hindered(claimed, answer)
        # False when another has noted it meanwhile, and what is left of it too.
        self._book.finish(claimed, self._operator, answer.fep_serial, rest_of(claimed))
        return self._load(difference.difference_no)

    # --- what is asked of the account's database

    def _ask(self, difference: Difference, case: Case, *, is_trial: bool = False) -> Adjusted | Hindered:
        """Return what the act does or is kept from, in the account's database; a trial changes nothing."""
        if difference.act is DifferenceAct.CLOSE:  # whatever stands in the databases
            return Adjusted(None, difference.clearing_date)
        adjustment = _adjustment(difference, case)
        place = place_of(self._settings)(adjustment.account_no)
        if place is None:  # an account of nobody's: there is no payment of ours, and nothing that could be posted
            if adjustment.act in MOVES_MONEY:
                return Hindered(Hindrance.ACCOUNT_MISSING)
            return Adjusted(None, difference.clearing_date)
        bank_code = difference.identity.bank_code
        if bank_code not in self._settings.banks:
            raise refusals.unknown_bank(bank_code)
        decide = _DECISIONS[adjustment.act](adjustment, self._settings.rules)
        database = self._databases[place]
        with naming(database, self._databases):
            schema.check(database.read_engine)
            with job_log(self._settings, "adjustment") as committed, job(database, self._cut_offs, committed) as each:
                [answer] = each.run([(needs_of(adjustment), _trial(decide) if is_trial else decide)])
            if isinstance(answer, OutcomeUnknown):
                raise refusals.outcome_unknown(difference)
            if isinstance(answer, GateError):
                raise answer
        assert isinstance(answer, Adjusted | Hindered)
        return answer

    def _load(self, difference_no: int) -> Difference:
        return _required(self._book.load(difference_no)[0], difference_no)


@contextmanager
def desk_of(config_path: Path) -> Iterator[Desk]:
    """Yield the desk of whoever runs this process."""
    settings = load(config_path)
    with databases_of(settings) as databases:
        with naming(databases[0], databases):
            schema.check(databases[0].read_engine)
        yield Desk(settings, databases, present_operator())


def _required(difference: Difference | None, difference_no: int) -> Difference:
    if difference is None:
        raise refusals.unknown(difference_no)
    return difference


def _case(difference: Difference) -> Case:
    """Return the kind of a difference that is open or proposed."""
    case = case_of(difference)
    assert case is not None, "it is no longer in flight"
    return case


def _adjustment(difference: Difference, case: Case) -> Adjustment:
    ours_stands = case in OURS_STANDS
    side = difference.fep if ours_stands else difference.bank
    assert side is not None
    assert difference.act is not None
    assert difference.amount_fen is not None
    return Adjustment(
        difference_no=difference.difference_no,
        act=difference.act,
        bank_identity=difference.identity,
        account_no=side.account_no,
        amount_fen=difference.amount_fen,
        payment_fen=side.amount_fen,
        expects_standing=ours_stands,
        may_be_undone=case is Case.BANK_STANDS,
        mends_date=difference.clearing_date,
    )


def _trial(decide: Decide) -> Decide:
    """Return a decision that answers as ``decide`` does and changes nothing."""

    def tried(records: WorkingSet, moment: Moment) -> Decision:
        return Decision(decide(records, moment).answer)

    return tried
