"""Refund and claim 退款与追款: money that the bank moves, recorded here once it is seen that the case still holds."""

from dbgate.work import Decide, Decision, Moment
from dbgate.working_set import WorkingSet
from handlers.adjustment import Adjusted, Adjustment, done_before, hindrance_of
from handlers.requests import promised
from handlers.terms import Rules


def record_only(adjustment: Adjustment, _rules: Rules) -> Decide:
    """Return the decision that looks whether the case is still what it was; it answers ``Adjusted`` or ``Hindered``.

    A difference that was mended by a movement already answers with that.
    """

    def decide(records: WorkingSet, moment: Moment) -> Decision:
        before = done_before(adjustment, records)
        if before is not None:
            return Decision(before)
        hindered = hindrance_of(adjustment, records)
        return Decision(hindered or Adjusted(None, promised(moment.clearing_date, "clearing date")))

    return decide
