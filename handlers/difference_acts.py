"""Difference acts 差异处理: which acts mend which difference, and how much money each of them moves.

| difference                            | post 补账 | refund 退款         | undo 冲销 | claim 追款          |
|---------------------------------------|-----------|---------------------|-----------|---------------------|
| only the bank has the payment 长款    | ours anew | what the bank has   |           |                     |
| only the FEP has it 短款              |           |                     | ours      | what we have        |
| amounts differ, the bank has more     |           | the difference      | ours      |                     |
| amounts differ, the bank has less     |           |                     | ours      | the difference      |
| another account, whatever the amounts |           |                     | ours      |                     |
| it stands at the bank, ours is undone | ours anew | what the bank has   |           |                     |
| ours stands, the bank's is undone     |           |                     | ours      | what we have        |

Post and undo move money in the billing database; refund and claim are recorded, for the bank is who pays them. Every
other difference is closed 结案, which moves nothing: an undo that one side lacks, for what is left of the payment is a
difference of its own, and what nobody can tell by its two rows. What is in flight is no difference yet.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from dbgate.books.differences import Difference, Side
from dbgate.books.states import DifferenceAct, DifferenceState
from protocol.canonical.codes import OriginalState
from protocol.files.canonical import Matching

_PAY_TXN = 2002


class Case(Enum):
    """What kind of difference it is, as far as acts are concerned."""

    ONLY_BANK = "only_bank"
    ONLY_FEP = "only_fep"
    BANK_HAS_MORE = "bank_has_more"
    BANK_HAS_LESS = "bank_has_less"
    OTHER_ACCOUNT = "other_account"
    BANK_STANDS = "bank_stands"
    FEP_STANDS = "fep_stands"
    NO_MONEY = "no_money"


_POST, _REFUND, _UNDO, _CLAIM, _CLOSE = (
    DifferenceAct.POST,
    DifferenceAct.REFUND,
    DifferenceAct.UNDO,
    DifferenceAct.CLAIM,
    DifferenceAct.CLOSE,
)

ACTS: Mapping[Case, frozenset[DifferenceAct]] = MappingProxyType(
    {
        Case.ONLY_BANK: frozenset({_POST, _REFUND}),
        Case.ONLY_FEP: frozenset({_UNDO, _CLAIM}),
        Case.BANK_HAS_MORE: frozenset({_REFUND, _UNDO}),
        Case.BANK_HAS_LESS: frozenset({_UNDO, _CLAIM}),
        Case.OTHER_ACCOUNT: frozenset({_UNDO}),
        Case.BANK_STANDS: frozenset({_POST, _REFUND}),
        Case.FEP_STANDS: frozenset({_UNDO, _CLAIM}),
        Case.NO_MONEY: frozenset({_CLOSE}),
    }
)
"""Which acts each kind of difference allows."""

MOVES_MONEY = frozenset({_POST, _UNDO})
"""The acts that move money in the billing database."""

OURS_STANDS = frozenset({Case.ONLY_FEP, Case.BANK_HAS_MORE, Case.BANK_HAS_LESS, Case.OTHER_ACCOUNT, Case.FEP_STANDS})
"""The differences in which a payment of ours stands."""


def case_of(difference: Difference) -> Case | None:
    """Return the kind of a difference, None of what is in flight or matched and is none."""
    if difference.matching in {Matching.MATCHED, Matching.IN_FLIGHT}:
        return None
    return _case_of_payments(difference) or Case.NO_MONEY


def _case_of_payments(difference: Difference) -> Case | None:
    bank, fep = difference.bank, difference.fep
    if any(side is not None and side.txn != _PAY_TXN for side in (bank, fep)):
        return None
    match difference.matching:
        case Matching.ONLY_BANK if bank is not None and _stands(bank):
            return Case.ONLY_BANK
        case Matching.ONLY_FEP if fep is not None and _stands(fep):
            return Case.ONLY_FEP
        case Matching.AMOUNT_DIFFERS if bank is not None and fep is not None:
            return _case_of_amounts(bank, fep)
        case Matching.STATE_DIFFERS if bank is not None and fep is not None and _stands(bank) != _stands(fep):
            return Case.BANK_STANDS if _stands(bank) else Case.FEP_STANDS
    return None


def amount_fen(difference: Difference, case: Case, act: DifferenceAct) -> int:
    """Return how much an allowed act moves."""
    bank, fep = difference.bank, difference.fep
    if act is _CLOSE:
        return 0
    if case in {Case.BANK_HAS_MORE, Case.BANK_HAS_LESS} and act is not _UNDO:
        assert bank is not None
        assert fep is not None
        return abs(bank.amount_fen - fep.amount_fen)
    side = fep if case in OURS_STANDS else bank
    assert side is not None
    return side.amount_fen


def rest_of(difference: Difference) -> Difference | None:
    """Return what the act of a difference leaves to be worked: what the bank has taken, once ours is undone."""
    bank = difference.bank
    if difference.act is not _UNDO or bank is None or not _stands(bank):
        return None
    return Difference(
        difference_no=0,
        identity=difference.identity,
        clearing_date=difference.clearing_date,
        matching=int(Matching.ONLY_BANK),
        bank=bank,
        fep=None,
        fep_serial=None,
        other_date=None,
        undo=None,
        state=DifferenceState.OPEN,
    )


def _stands(side: Side) -> bool:
    return side.state == OriginalState.POSTED


def _case_of_amounts(bank: Side, fep: Side) -> Case | None:
    """Return who has more of one payment; of a different fate there is nothing to compare."""
    if not (_stands(bank) and _stands(fep)):
        return None
    if bank.account_no != fep.account_no:
        return Case.OTHER_ACCOUNT
    if bank.amount_fen == fep.amount_fen:
        return None
    return Case.BANK_HAS_MORE if bank.amount_fen > fep.amount_fen else Case.BANK_HAS_LESS
