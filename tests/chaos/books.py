"""Invariants of the utility's books 账务不变量: the database's rows against what banks know and STATUS told."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from tests.chaos.closing import Ending
from tests.chaos.findings import Broken, Finding, each, with_undos
from tests.chaos.journal import FIRST_AUDITOR, UNDONE, Entry, Identity, Journal, Sending
from tests.chaos.site import DAILY_LIMIT_FEN, LIMITED_BANK, LIMITED_CHANNEL, Site
from tests.system.messages import CANCEL, PAY, REVERSE

_STATES = {"posted": 1, "cancelled": 2, "reversed": 3, "reversed_before_arrival": 4}
_MOVEMENTS = {PAY: "pay", CANCEL: "cancel", REVERSE: "reverse"}
_OPENING, _TOMBSTONE = "open", "tombstone"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal of payments; names are those of its columns."""

    bank_code: str
    bank_date: int
    bank_serial: str
    fep_serial: int | None
    movement: str
    state: str
    account_no: str
    amount_fen: int
    settled_principal_fen: int
    settled_late_fee_fen: int
    balance_change_fen: int
    balance_after_fen: int
    due_after_fen: int
    settled_count: int
    invoice_no: str | None
    outcome: int | None
    channel: int
    clearing_date: int
    created_at: int  # YYYYMMDDHHMMSSmmm in Asia/Shanghai

    @property
    def identity(self) -> Identity:
        return self.bank_code, self.bank_date, int(self.bank_serial)


@dataclass(frozen=True)
class Books:
    """Everything that is compared."""

    site: Site
    journal: Journal
    ending: Ending
    rows: dict[Identity, Row]
    openings: list[Row]

    def row(self, entry: Entry) -> Row | None:
        """Return the row under the identity of a request."""
        return self.rows.get(entry.identity)


def read_books(site: Site, journal: Journal, ending: Ending) -> Books:
    """Read the journal of payments; the rows of the demo's own accounts are left out."""
    columns = ", ".join(field.name for field in fields(Row))
    rows = [Row(*values) for values in site.rows(f"SELECT {columns} FROM payments")]  # type: ignore[arg-type]
    ours = {account.account_no for account in site.accounts}
    openings = [row for row in rows if row.movement == _OPENING and row.account_no in ours]
    return Books(site, journal, ending, {r.identity: r for r in rows if r.movement != _OPENING}, openings)


# --- the invariants ---------------------------------------------------------------------------------------------------


def approved_is_there(books: Books) -> list[Finding]:
    """Every approved request is in the books, once, with the very figures of its reply."""

    def broken() -> Broken:
        for entry in books.journal.entries:
            if not entry.approvals:
                continue
            row = books.row(entry)
            if row is None or row.movement != _MOVEMENTS[entry.txn]:
                yield f"approved, but the books have {row and row.movement}", with_undos(entry)
            elif (told := _told(entry)) != (kept := _kept(row, entry)):
                yield f"the reply told {told}, the books have {kept}", (entry,)

    return each("an approved request is in the books", broken())


def _told(entry: Entry) -> dict[str, Any]:
    reply, first = entry.first_reply, entry.approvals[0]
    assert reply is not None
    told = {"fep_serial": first.fep_serial, "clearing_date": int(first.clearing_date)}
    if entry.txn == PAY:
        names = ("settled_principal", "settled_late_fee", "balance_change", "balance_after", "due_after")
        told |= {f"{name}_fen": reply[name] for name in names}
        return told | {"settled_count": reply["settled_count"], "invoice_no": reply["invoice_no"]}
    told |= {f"{name}_fen": reply[name] for name in ("balance_after", "due_after")}
    return told | ({"outcome": reply["outcome"]} if entry.txn == REVERSE else {})


def _kept(row: Row, entry: Entry) -> dict[str, Any]:
    return {name: getattr(row, name) or (0 if name != "invoice_no" else "") for name in _told(entry)}


def nothing_else_is_there(books: Books) -> list[Finding]:
    """Every row was asked for by a bank, is about what it asked, and none was refused or not begun each time."""
    entries = {entry.identity: entry for entry in books.journal.entries}

    def broken() -> Broken:
        for row in books.rows.values():
            entry = entries.get(row.identity)
            if entry is None:
                yield f"no bank ever sent {row}", ()
            elif row.movement == _TOMBSTONE:
                if not any(undo.txn == REVERSE and undo.sendings for undo in entry.undos):
                    yield "a tombstone without a REVERSE", with_undos(entry)
            elif (row.movement, row.account_no, row.amount_fen) != (
                _MOVEMENTS[entry.txn],
                entry.account_no,
                entry.amount_fen,
            ):
                yield f"the books have {row}", with_undos(entry)
            elif not any(_may_have_made(row, sending) for sending in entry.sendings):
                codes = [sending.code for sending in entry.sendings]
                yield f"every time answered that nothing was done ({codes}), but it is in the books", with_undos(entry)

    return each("nothing is in the books but what was asked", broken())


def _may_have_made(row: Row, sending: Sending) -> bool:
    if sending.teller >= FIRST_AUDITOR:  # what is asked in the end finds things, it does not make them
        return False
    # 2010 tells that a payment does not stand, not that it never happened: its undo may have been answered first.
    return sending.approved or sending.uncertain or (sending.code == "2010" and row.state != "posted")


def status_agrees(books: Books) -> list[Finding]:
    """What STATUS told in the end, on either daemon, is what the books have."""

    def broken() -> Broken:
        for entry, answers in books.ending.states.items():
            row = books.row(entry)
            expected = (0, 0, 0) if row is None else (_STATES[row.state], row.amount_fen, row.fep_serial or 0)
            for fields_ in answers:
                told = (fields_["state"], fields_["amount"], int(fields_["original_fep_serial"]))
                if told != expected:
                    yield f"STATUS told {told}, the books have {expected}", with_undos(entry)
            if entry.sendings and not answers:
                yield "STATUS was not answered in the end", (entry,)

    return each("STATUS and the books agree", broken())


def no_payment_under_a_tombstone(books: Books) -> list[Finding]:
    """A REVERSE that found nothing bars its payment for good: the books have a tombstone in its place."""

    def broken() -> Broken:
        for entry in books.journal.entries:
            row = None if entry.original is None else books.row(entry)
            if row is not None and row.movement == "reverse" and row.outcome == 2:
                assert entry.original is not None
                barred = books.row(entry.original)
                if barred is None or barred.movement != _TOMBSTONE:
                    yield f"outcome 2, but the books have {barred and barred.movement}", with_undos(entry)

    return each("no payment after its tombstone", broken())


def rules_of_the_tables(books: Books) -> list[Finding]:
    """Sums, allocations, bills and undos fit together as the rules say."""
    return [Finding("the tables fit together", f"{name}: {rows[:5]}") for name, rows in books.site.audit().items()]


def numbers(books: Books) -> list[Finding]:
    """FEP serials and invoice numbers are unique, and every invoice belongs to one payment that has its number."""
    serials = [row.fep_serial for row in (*books.rows.values(), *books.openings) if row.fep_serial is not None]
    invoices = [row.invoice_no for row in books.rows.values() if row.invoice_no]
    statement = (
        "SELECT i.invoice_no FROM invoices i LEFT JOIN payments p ON p.fep_serial = i.fep_serial"
        " WHERE p.fep_serial IS NULL OR p.movement <> 'pay'"
        " OR (p.invoice_no IS NOT NULL AND p.invoice_no <> '' AND p.invoice_no <> i.invoice_no)"
    )
    findings = []
    if len(set(serials)) < len(serials):
        findings.append(Finding("numbers are unique", f"{len(serials) - len(set(serials))} FEP serials are not"))
    if len(set(invoices)) < len(invoices):
        findings.append(Finding("numbers are unique", f"{len(invoices) - len(set(invoices))} invoice numbers are not"))
    if strays := books.site.rows(statement):
        findings.append(Finding("an invoice belongs to a payment", f"{strays[:5]}"))
    return findings


def balances_follow_each_other(books: Books) -> list[Finding]:
    """The movements of an account form one chain: each starts from the balance that the one before it left."""
    of_account: dict[str, list[Row]] = defaultdict(list)
    for row in (*books.openings, *books.rows.values()):
        if row.fep_serial is not None:  # a tombstone moves nothing
            of_account[row.account_no].append(row)
    entries = {entry.identity: entry for entry in books.journal.entries}

    def broken() -> Broken:
        for account_no, rows in of_account.items():
            balance_fen = 0
            for row in sorted(rows, key=lambda row: (row.movement != _OPENING, row.created_at, row.fep_serial)):
                if row.balance_after_fen != balance_fen + row.balance_change_fen:
                    entry = entries.get(row.identity)
                    yield (
                        (
                            f"account {account_no} had {balance_fen} fen, then {row.movement} {row.fep_serial}"
                            f" of {row.balance_change_fen} left {row.balance_after_fen}"
                        ),
                        with_undos(entry) if entry else (),
                    )
                    break
                balance_fen = row.balance_after_fen

    return each("balances follow each other", broken())


def accounts_are_what_banks_know(books: Books) -> list[Finding]:
    """Balance and debt of each account are what was loaded, and what the banks' standing payments did to them."""
    balances = {account.account_no: account.balance_fen for account in books.site.accounts}
    principals = {account.account_no: sum(account.principals_fen) for account in books.site.accounts}
    for entry in books.journal.entries:
        if entry.txn == PAY and any(told["state"] == 1 for told in books.ending.states[entry]):
            reply = entry.first_reply
            assert reply is not None, entry  # what stands was sent again until it was approved
            balances[entry.account_no] += reply["balance_change"]
            principals[entry.account_no] -= reply["settled_principal"]
    findings = []
    for account_no, seen in books.ending.accounts.items():
        known = (balances[account_no], principals[account_no])
        if (seen.balance_fen, seen.principal_due_fen) != known:
            detail = f"account {account_no} has {seen}, the banks' payments leave {known}"
            findings.append(Finding("accounts are what banks know", detail, tuple(books.journal.about(account_no))))
    return findings


def totals_balance(books: Books) -> list[Finding]:
    """RECON_TOTALS of each bank and day equals the bank's own counts and amounts; a closed day is balanced."""
    findings = []
    last: dict[str, str] = {}
    for bank_code, day, _, _ in books.ending.totals:
        last[bank_code] = max(day, last.get(bank_code, ""))
    for bank_code, day, ours, theirs in books.ending.totals:
        wrong = {name: (value, theirs[name]) for name, value in ours.items() if theirs[name] != value}
        # The last day may have been closed since by a cut-off after its last payment.
        results = {1, 3} if day == last[bank_code] else {1}
        if wrong or theirs["result"] not in results:
            detail = f"bank {bank_code} day {day}: result {theirs['result']}, ours and theirs differ in {wrong}"
            findings.append(Finding("totals balance", detail))
    return findings


def daily_limits_hold(books: Books) -> list[Finding]:
    """What stands of a day in a limited channel is within the limit, and its counter says the same."""
    sums: dict[int, int] = defaultdict(int)
    undone = {row.identity: row for row in books.rows.values() if row.movement == "pay" and row.state != "posted"}
    for row in books.rows.values():
        if (row.bank_code, row.channel, row.movement) == (LIMITED_BANK, LIMITED_CHANNEL, "pay"):
            sums[row.clearing_date] += 0 if row.identity in undone else row.amount_fen
    statement = (
        "SELECT clearing_date, used_fen FROM limit_uses"
        f" WHERE bank_code = '{LIMITED_BANK}' AND channel = {LIMITED_CHANNEL}"
    )
    counters = {int(str(day)): used for day, used in books.site.rows(statement)}
    findings = []
    for day, stands_fen in sums.items():
        counted_fen = counters.get(day, stands_fen)  # there is no counter from a start to the next payment
        if stands_fen > DAILY_LIMIT_FEN or stands_fen != counted_fen:
            detail = f"{day}: {stands_fen} fen stand of {DAILY_LIMIT_FEN}, the counter has {counted_fen}"
            findings.append(Finding("daily limits hold", detail))
    return findings


def days_are_those_of_the_clock(books: Books) -> list[Finding]:
    """A payment belongs to the day of its moment, and from the bank's cut-off on to the next."""
    of_bank: dict[str, list[Row]] = defaultdict(list)
    for row in books.rows.values():
        of_bank[row.bank_code].append(row)
    findings = []
    for bank_code, rows in of_bank.items():
        cut_off = int(books.site.cut_offs[bank_code].replace(":", "")) * 100_000
        for row in sorted(rows, key=lambda row: row.created_at):
            day, clock = divmod(row.created_at, 10**9)
            expected = _day_after(day) if clock >= cut_off else day
            if row.clearing_date != expected:
                detail = f"bank {bank_code}: a {row.movement} of {row.created_at} has clearing date {row.clearing_date}"
                findings.append(Finding("days are those of the clock", detail))
                break
    return findings


def _day_after(day: int) -> int:
    after = date(day // 10_000, day // 100 % 100, day % 100) + timedelta(days=1)
    return int(after.strftime("%Y%m%d"))


def undone_by_one(books: Books) -> list[Finding]:
    """An undo that took effect names a payment that is undone, and each undone payment has exactly one."""
    effects: dict[Entry, list[Entry]] = defaultdict(list)
    for entry in books.journal.entries:
        row = None if entry.original is None else books.row(entry)
        if row is not None and row.movement != _TOMBSTONE and (row.movement == "cancel" or row.outcome == UNDONE):
            assert entry.original is not None
            effects[entry.original].append(entry)

    def broken() -> Broken:
        for entry in books.journal.entries:
            row = books.row(entry)
            undone = row is not None and row.movement == "pay" and row.state != "posted"
            if undone != (len(effects.get(entry, ())) == 1):
                yield f"{row and row.state} with {len(effects.get(entry, ()))} undos", with_undos(entry)

    return each("an undone payment has one undo", broken())


ALL: tuple[Callable[[Books], list[Finding]], ...] = (
    approved_is_there,
    nothing_else_is_there,
    status_agrees,
    no_payment_under_a_tombstone,
    rules_of_the_tables,
    numbers,
    balances_follow_each_other,
    accounts_are_what_banks_know,
    totals_balance,
    daily_limits_hold,
    days_are_those_of_the_clock,
    undone_by_one,
)
