"""The plan of a run is a function of its seed."""

from collections import Counter
from itertools import islice

import pytest

from tests.chaos.plan import OF_EVERY_RUN, WEIGHTS, intents, strikes


def test_one_seed_is_one_plan() -> None:
    """Two runs with one seed mean to do the same and are struck at the same moments; another seed is another run."""
    plans = [(list(islice(intents(seed, 3, 500), 200)), strikes(seed, 60, "postgresql")) for seed in (7, 7, 8)]

    assert plans[0] == plans[1]
    assert plans[0][0] != plans[2][0]
    assert plans[0][1] != plans[2][1]


def test_tellers_have_plans_of_their_own() -> None:
    """No two tellers of a run mean to do the same."""
    firsts = [tuple(islice(intents(1, teller, 500), 10)) for teller in range(64)]

    assert len(set(firsts)) == 64


def test_a_plan_has_everything_in_it() -> None:
    """A teller means to do each action as often as it weighs, and meets others at a few accounts on purpose."""
    plan = list(islice(intents(1, 0, 500), 10_000))
    counts, accounts = Counter(intent.action for intent in plan), Counter(intent.account for intent in plan)

    for action, weight in WEIGHTS.items():
        assert counts[action] == pytest.approx(weight * 100, rel=0.35)
    assert len(accounts) == 500
    assert sum(count for account, count in accounts.items() if account < 25) > 5_000


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
@pytest.mark.parametrize("seconds", [5.0, 8.0, 60.0, 600.0])
def test_every_run_has_each_blow_and_a_calm_end(database: str, seconds: float) -> None:
    """However short a run is, each kind of kill is in it, in time for its healing to be seen."""
    for seed in range(50):
        planned = strikes(seed, seconds, database)

        assert not Counter(OF_EVERY_RUN[database]) - Counter(strike.blow for strike in planned)
        assert [strike.moment_s for strike in planned] == sorted(strike.moment_s for strike in planned)
        assert all(0 < strike.moment_s <= seconds - 2 for strike in planned)
