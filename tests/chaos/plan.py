"""The plan of a run 测试计划: what each teller means to do and when what is struck, all functions of the seed.

Two runs with one seed have the same intents of each teller in the same order, and the same strikes at the same moments.
How far a teller gets, which reply comes before which, and with them the amounts of a settlement, are the machine's
doing: the interleaving cannot be repeated, so a seed makes a finding likely again, not certain.

Every intent takes the same number of draws, whatever it turns out to be: a change of one weight moves nothing else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

# One account in twenty gets half of all requests, so that payments of one account meet in a batch and across daemons.
_HOT_SHARE, _HOT_ACCOUNTS = 0.5, 20
_CALM_SHARE = 0.25  # nothing is struck in the last quarter of a run, so that it can be seen to heal
_CALM_MIN_S = 2.0


class Action(Enum):
    """What a teller means to do next. 操作"""

    DEPOSIT = "pay any amount"
    SETTLE = "query, then pay what is owed"
    CANCEL = "cancel a payment of the teller's own"
    REVERSE = "reverse a payment of the teller's own"
    UNDO_OTHERS = "cancel or reverse a colleague's payment, which may be under way"
    REPEAT = "send an earlier request of the teller's own again"
    SAME_AT_ONCE = "send what a colleague has under way, at the same time"
    REVERSE_FIRST = "reverse a payment before it is sent, then send it"
    OTHER_CONTENT = "send another amount under the identity of an approved payment"
    STATUS = "ask for the status of any request of the bank"
    INVOICE = "print or reprint an invoice"
    TOTALS = "compare the day's totals"


WEIGHTS = {
    Action.DEPOSIT: 28,
    Action.SETTLE: 20,
    Action.CANCEL: 9,
    Action.REVERSE: 9,
    Action.UNDO_OTHERS: 7,
    Action.REPEAT: 5,
    Action.SAME_AT_ONCE: 9,
    Action.REVERSE_FIRST: 3,
    Action.OTHER_CONTENT: 2,
    Action.STATUS: 4,
    Action.INVOICE: 3,
    Action.TOTALS: 1,
}


class Step(Enum):
    """What a bank does about a request whose outcome it does not know. 对结果未知交易的处理"""

    ASK = "STATUS"
    REPEAT = "the same request again"
    REVERSE = "REVERSE"


# What is tried in turn until the outcome is known. STATUS alone never makes "unknown" final, so each list has more.
STEPS = (
    (Step.REPEAT,),
    (Step.ASK, Step.REPEAT),
    (Step.REVERSE,),
    (Step.ASK, Step.REVERSE),
    (Step.REPEAT, Step.ASK, Step.REVERSE),
)


@dataclass(frozen=True, slots=True)
class Intent:
    """What a teller means to do next, with all its choices made.

    Attributes:
        account: index of the account.
        amount_fen: of a deposit, and what other content differs by.
        target: from 0 to 1, which of the requests that come into question is meant.
        cancel: an undo of a colleague's payment is a CANCEL, not a REVERSE.
        with_invoice: the payment asks for its invoice at once.
        channel: two digits' worth of channel.
        daemon: where the teller goes when it has to connect, and where it moves to.
        moves: it leaves its connection and signs in anew first.
        hangs_up: it cuts its connection right behind the request, and so never hears the outcome.
        steps: what it does about an unknown outcome.
    """

    action: Action
    account: int
    amount_fen: int
    target: float
    cancel: bool
    with_invoice: bool
    channel: int
    daemon: int
    moves: bool
    hangs_up: bool
    steps: tuple[Step, ...]


def intents(seed: int, teller: int, accounts: int, daemons: int = 2) -> Iterator[Intent]:
    """Yield what a teller of a run means to do, without end."""
    dice = Random(f"{seed}/teller/{teller}")
    actions, weights = list(WEIGHTS), list(WEIGHTS.values())
    hot = max(1, accounts // _HOT_ACCOUNTS)
    while True:
        yield Intent(
            action=dice.choices(actions, weights)[0],
            account=_below(dice, hot if dice.random() < _HOT_SHARE else accounts),
            amount_fen=100 + _below(dice, 20_000),
            target=dice.random(),
            cancel=dice.random() < 0.5,
            with_invoice=dice.random() < 0.3,
            channel=(1, 5)[_below(dice, 2)],
            daemon=_below(dice, daemons),
            moves=dice.random() < 0.04,
            hangs_up=dice.random() < 0.01,
            steps=STEPS[_below(dice, len(STEPS))],
        )


def _below(dice: Random, bound: int) -> int:
    # randrange may take several draws.
    return int(dice.random() * bound)


class Blow(Enum):
    """What is done to a part of the system. 故障"""

    DAEMON_KILLED = "daemon killed"
    DAEMON_FROZEN = "daemon frozen"
    BACKEND_KILLED = "backend killed"
    BACKEND_ENDED = "backend ended"
    SERVER_KILLED = "server killed"
    SERVER_RESTARTED = "server restarted"
    COMMITS_LOST = "answers to COMMITs lost"
    LINE_CUT = "line to the database cut"
    LINE_SILENT = "line to the database silent"


OF_EVERY_RUN = {
    "postgresql": (Blow.DAEMON_KILLED, Blow.BACKEND_KILLED, Blow.SERVER_KILLED, Blow.COMMITS_LOST),
    "sqlite": (Blow.DAEMON_KILLED, Blow.DAEMON_KILLED),
}
OF_LONG_RUNS = {
    "postgresql": (
        Blow.DAEMON_FROZEN,
        Blow.LINE_SILENT,
        Blow.BACKEND_ENDED,
        Blow.LINE_CUT,
        Blow.SERVER_RESTARTED,
        Blow.DAEMON_KILLED,
    ),
    "sqlite": (Blow.DAEMON_FROZEN,),
}
# The longest time until what was struck is put right again, for each.
_OUTAGE_MAX_S = {
    Blow.DAEMON_KILLED: 3.0,
    Blow.DAEMON_FROZEN: 5.0,  # longer than a lock wait of the other daemon
    Blow.SERVER_KILLED: 4.0,
    Blow.SERVER_RESTARTED: 2.0,
    Blow.LINE_SILENT: 8.0,  # most often longer than ``db_timeout``
}
_STRIKE_EVERY_S = 5.0  # about the time that a server needs to recover and the daemons to find back to it


@dataclass(frozen=True, slots=True)
class Strike:
    """A blow at its moment.

    Attributes:
        moment_s: seconds after the start.
        blow: what is done.
        victim: from 0 to 1, which of those that come into question (daemons, backends) is struck.
        outage_s: seconds until it is put right.
    """

    moment_s: float
    blow: Blow
    victim: float
    outage_s: float


def strikes(seed: int, seconds: float, database: str) -> Sequence[Strike]:
    """Return the strikes of a run by their moments; a run of any length has each blow of ``OF_EVERY_RUN``."""
    dice = Random(f"{seed}/strikes")
    blows = list(OF_EVERY_RUN[database])
    others = [*OF_LONG_RUNS[database], *blows]
    more = max(0, int(seconds / _STRIKE_EVERY_S) - len(blows))
    blows += [others[number % len(others)] for number in range(more)]
    last_s = seconds - max(_CALM_MIN_S, seconds * _CALM_SHARE)
    outage_share = min(1.0, seconds / 60)  # a short run has short outages, so that it also has some time without
    dealt = [
        Strike(
            moment_s=round(last_s * (0.1 + 0.9 * dice.random()), 3),
            blow=blow,
            victim=dice.random(),
            outage_s=round(_OUTAGE_MAX_S.get(blow, 0.0) * outage_share * (0.2 + 0.8 * dice.random()), 3),
        )
        for blow in blows
    ]
    return sorted(dealt, key=lambda strike: strike.moment_s)
