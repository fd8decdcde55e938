"""A debit batch beside a counter: what banks are told while it is out, and after it has come back. 代扣与柜台"""

from tests.support.daemon import done, fep
from tests.support.debit_files import debit_list, debited, mandate_file, result_file
from tests.support.raw_bank import new_serial, today
from tests.system import messages
from tests.system.checks import ask, clearing_date, pay_fields, query_fields
from tests.system.messages import DEPOSIT, PAY, PAYMENTS, QUERY, RECON_TOTALS, STATUS, pay, query, records, status

BANK = "0102"


def test_a_batch_and_the_counter(site):
    """While a batch holds a bill every PAY of the account is 2011, at any bank; its result settles it once, as a PAY of
    channel 10 that STATUS, PAYMENTS and the totals know; then the counter takes the rest.
    """
    account = site.take("owing")
    bill = account.bills[0]
    bank, other = site.bank(), site.bank("0103")
    before = totals(bank)
    config = ("--config", site.directory / "fep.toml")
    day = int(f"{today():%Y%m%d}")
    put(site, f"WT{BANK}{day}.txt", mandate_file(BANK, day, [(account.account_no, account.name, "62220001", 1)]))
    done(fep("debit", "mandates", "--bank", BANK, *config))
    done(fep("debit", "export", "--bank", BANK, "--month", bill.month, *config))

    for each in (bank, other):
        for mode, amount in ((DEPOSIT, 1), (messages.SETTLE, account.payable)):
            ask(each, PAY, pay(account.account_no, amount, mode), "2011")
    head, rows = messages.query_reply(ask(bank, QUERY, query(account.account_no)).body)
    assert [row["state"] for row in rows] == [2, 1, 1]
    assert (head["payable_now"], head["total_due"]) == (0, account.total_due)

    name = f"{bill.month}01.txt"
    listed = debit_list((site.directory / "files" / BANK / "out" / f"DK{BANK}{name}").read_bytes())
    due = bill.principal + account.fee(bill)
    assert [row.said for row in listed.rows] == [
        (account.account_no, bill.bill_no, bill.principal, account.fee(bill)),
    ]
    serial = new_serial()
    put(site, f"DKR{BANK}{name}", result_file(listed, [debited(listed.rows[0], day, serial)]))
    for _ in range(2):
        done(fep("debit", "import", "--bank", BANK, *config))

    # A PAY of the bank's under the identity of the debit is no repeat of it.
    ask(bank, PAY, pay(account.account_no, due, DEPOSIT), "2006", serial=serial)
    state = messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(account.account_no, serial)).body)
    assert (state["original_txn"], state["state"], state["amount"]) == (PAY, 1, due)
    _, paid = messages.payments_reply(ask(bank, PAYMENTS, records(account.account_no)).body)
    assert [(row["channel"], row["amount"], row["bank_code"]) for row in paid] == [("10", due, BANK)]
    after = totals(bank)
    assert (after["pay_count"], after["pay_amount"]) == (before["pay_count"] + 1, before["pay_amount"] + due)

    rest = account.total_due - due
    assert query_fields(bank, account.account_no)["payable"] == rest
    settled = pay_fields(ask(other, PAY, pay(account.account_no, rest)))
    assert (settled["settled_count"], settled["due_after"], settled["balance_after"]) == (2, 0, 0)


def put(site, name: str, data: bytes) -> None:
    """A file that has come from the bank."""
    folder = site.directory / "files" / BANK / "in"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def totals(bank) -> dict[str, int]:
    """Totals of the open day as the FEP has them so far."""
    body = messages.TOTALS_REQUEST.pack(clearing_date=clearing_date().encode())
    fields = messages.TOTALS_REPLY.unpack(ask(bank, RECON_TOTALS, body).body)
    return {name: fields[name] for name in ("pay_count", "pay_amount")}
