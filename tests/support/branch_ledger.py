"""A ledger of several branches on paper 多分公司账本: the real routing over one paper ledger for each account."""

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from dbgate.branch import Branch
from dbgate.branches import Branches
from dbgate.records import Account, Allocation, Bill, Payment
from dbgate.work import Decision, Moment, Work
from dbgate.working_set import WorkingSet
from handlers.catalogue import HANDLERS
from handlers.terms import BankTerms, Context
from protocol.canonical.messages import Answer, Request
from tests.support.ledger import Submission, Utility
from tests.support.ledger_gate import LedgerGate

_SERIALS_OF_A_BRANCH = 1_000_000


class BranchLedger:
    """Each account of the utility stands in a database of its own; requests go to ``Branches``."""

    def __init__(self, utility: Utility) -> None:
        self._rules = utility.rules
        self._gates: dict[str, LedgerGate] = {}
        prefixes: dict[Branch, tuple[str, ...]] = {}
        for number, account in enumerate(utility.accounts, start=1):
            bills = tuple(bill for bill in utility.bills if bill.account_no == account.account_no)
            gate = LedgerGate(Utility((account,), bills, utility.rules), number * _SERIALS_OF_A_BRANCH)
            self._gates[account.account_no] = gate
            branch = Branch(f"branch {number}", cast("Any", None), cast("Any", gate))
            branch.is_open = True
            prefixes[branch] = (account.account_no,)
        self._branches = Branches(prefixes)

    def today(self) -> date:
        return self._first.ledger.today()

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        """Submit requests one by one."""
        return [self._ask(request, bank) for request, bank in batch]

    def account(self, account_no: str) -> Account:
        return self._gates[account_no].ledger.account(account_no)

    def bills_of(self, account_no: str) -> list[Bill]:
        return self._gates[account_no].ledger.bills_of(account_no)

    def journal(self) -> list[Payment]:
        return [row for gate in self._gates.values() for row in gate.ledger.journal()]

    def allocations(self) -> list[Allocation]:
        return [one for gate in self._gates.values() for one in gate.ledger.allocations()]

    def clearing_date(self, bank_code: str) -> date:
        day = self._branches.clearing_date(bank_code)
        assert day is not None
        return day

    @property
    def _first(self) -> LedgerGate:
        return next(iter(self._gates.values()))

    def _ask(self, request: Request, bank: BankTerms) -> Answer:
        handler = HANDLERS[request.transaction]

        def _decide(records: WorkingSet, moment: Moment) -> Decision:
            return handler.decide(request, records, Context(bank, self._rules, moment))

        answers: list[object] = []
        needs = handler.needs(request, bank, self.today())
        self._branches.submit(Work(needs, _decide, handler.money, float("inf"), answers.append))
        while any(gate.waiting for gate in self._gates.values()):
            for gate in self._gates.values():
                gate.run()
        [answer] = answers
        assert isinstance(answer, Answer), answer
        return answer
