"""Reconciling as an operator does it, with files as banks send them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import pytest

from dbgate.books.differences import listed
from dbgate.books.reconciling import add_differences
from dbgate.books.states import DifferenceAct
from dbgate.database import Database
from dbgate.records import Movement, PaymentState
from fep.reconciliation.bank_file import BankFile
from handlers.difference_acts import rest_of
from protocol.files.canonical import ReconcileRow
from tests.dbgate.fixtures import account_no
from tests.fep.commands.recon.conftest import Recon
from tests.support.databases import driver_connection, stored
from tests.support.recon_day import (
    AFTER,
    BEFORE,
    DAY,
    Line,
    classes,
    clear,
    keep,
    paid,
    result,
    send,
    undone,
)

COUNTS = (
    "SELECT matched_count, amount_differs_count, state_differs_count, only_bank_count, only_fep_count, in_flight_count"
    " FROM reconciliations WHERE clearing_date = {day:%Y%m%d}"
)
FOUND = "SELECT bank_serial, matching, state FROM differences WHERE clearing_date = {day:%Y%m%d} ORDER BY difference_no"
CANCELLED, REVERSED = PaymentState.CANCELLED, PaymentState.REVERSED


def found(database: Database, day: object = DAY) -> list[tuple[int, int, str]]:
    """Serial, class and state of the differences of a day, by their numbers."""
    return [(int(serial), matching, state) for serial, matching, state in stored(database, FOUND.format(day=day))]


def test_a_day_on_which_all_is_equal(recon: Recon, site: Path, journal: Database) -> None:
    """Nothing to work: exit code 0, every row matched, and the books say so."""
    keep(journal, [paid(1, 1, 300), paid(2, 2, 700, state=CANCELLED), undone(3, 2, 2, 700, movement=Movement.CANCEL)])
    send(site, [Line(2, 2, 700, state=2), Line(3, 2, 700, txn=2003), Line(1, 1, 300)])
    done = recon("run", "--date", DAY)
    assert (done.exit_code, done.err) == (0, "")
    cells = done.out.splitlines()[1].split("\t")
    assert cells[:2] == ["0102", "2026-11-20"]
    assert cells[3:13] == ["3", "3.00", "3", "3.00", "3", "0", "0", "0", "0", "0"]
    assert classes(result(site)) == [(2, 1), (3, 1), (1, 1)]
    assert stored(journal, COUNTS.format(day=DAY)) == [(3, 0, 0, 0, 0, 0)]
    [(act, bank, subject)] = stored(journal, "SELECT act, bank_code, subject FROM operator_acts")
    assert (act, bank, subject) == ("reconcile", "0102", "2026-11-20")


def test_every_class(recon: Recon, site: Path, journal: Database) -> None:
    """Each row that differs has its class in the result file and a difference of its own; the others are matched."""
    keep(
        journal,
        [
            paid(1, 1, 100),
            paid(2, 2, 200),
            paid(3, 3, 300),
            paid(5, 5, 500),
            paid(6, 6, 600, bank_date=AFTER),
            paid(7, 7, 700, AFTER, bank_date=DAY),
        ],
    )
    send(
        site,
        [
            Line(1, 1, 100),
            Line(2, 2, 201),
            Line(3, 3, 300, state=2),
            Line(4, 4, 400),
            Line(7, 7, 700),
        ],
    )
    done = recon("run", "--date", DAY, "--bank", "0102")
    assert done.exit_code == 1
    assert classes(result(site)) == [(1, 1), (2, 2), (3, 3), (4, 4), (7, 6), (5, 5), (6, 6)]
    assert found(journal) == [
        (2, 2, "open"),
        (3, 3, "open"),
        (4, 4, "open"),
        (7, 6, "carried"),
        (5, 5, "open"),
        (6, 6, "carried"),
    ]
    assert stored(journal, COUNTS.format(day=DAY)) == [(1, 1, 1, 1, 1, 2)]


def test_a_payment_and_its_undo_net_out(recon: Recon, site: Path, journal: Database) -> None:
    """On one side or on both, whatever the serials of the undos; but not while the other side's payment stands."""
    keep(
        journal,
        [
            *(paid(1, 1, 100, state=REVERSED), undone(11, 1, 1, 100)),  # the bank has neither
            *(paid(2, 2, 200, state=CANCELLED), undone(12, 2, 2, 200, movement=Movement.CANCEL)),  # another undo there
            *(paid(3, 3, 300, state=REVERSED), undone(13, 3, 3, 300)),  # stands at the bank
            paid(4, 4, 400),  # undone at the bank
            *(paid(6, 6, 600, state=REVERSED), undone(16, 6, 6, 600)),  # says posted there, and the undo is equal
        ],
    )
    lines = [
        *(Line(2, 2, 200, state=3), Line(22, 2, 200, txn=2004)),
        Line(3, 3, 300),
        *(Line(4, 4, 400, state=2), Line(24, 4, 400, txn=2003)),
        *(Line(5, 5, 500, state=2), Line(25, 5, 500, txn=2003)),  # we have neither
        *(Line(6, 6, 600), Line(16, 6, 600, txn=2004)),
        Line(30, 7, 700, txn=2004, state=4),  # undid nothing, of what never arrived
    ]
    send(site, lines)
    assert recon("run", "--date", DAY).exit_code == 1
    expected = {line.serial: 1 for line in lines} | {3: 3, 4: 3, 24: 3}
    assert classes(result(site)) == list(expected.items())
    assert found(journal) == [(3, 3, "open"), (4, 3, "open")]
    assert stored(journal, "SELECT undo_serial FROM differences ORDER BY difference_no") == [(None,), ("000000000024",)]
    assert stored(journal, COUNTS.format(day=DAY)) == [(7, 0, 2, 0, 0, 0)]


def test_rows_that_are_listed_twice(recon: Recon, site: Path, journal: Database) -> None:
    """One of equal rows is matched; of rows of one identity the first is compared."""
    keep(journal, [paid(1, 1, 100), paid(2, 2, 200)])
    send(site, [Line(1, 1, 100), Line(1, 1, 100), Line(2, 2, 201), Line(2, 2, 202), Line(2, 2, 201)])
    assert recon("run", "--date", DAY).exit_code == 1
    assert classes(result(site)) == [(1, 1), (1, 4), (2, 2), (2, 4), (2, 4)]
    assert found(journal) == [(2, 2, "open"), (1, 4, "open"), (2, 4, "open"), (2, 4, "open")]


def test_over_three_days(recon: Recon, site: Path, journal: Database) -> None:
    """What one side books a day later is carried, and matched or a difference when that day is reconciled too."""
    keep(
        journal,
        [
            paid(1, 1, 100, BEFORE, bank_date=DAY),  # the bank lists it today
            paid(2, 2, 200, BEFORE, bank_date=DAY),  # the bank never lists it
            paid(3, 3, 300, DAY),  # the bank listed it yesterday
            paid(4, 4, 400, AFTER, bank_date=DAY),  # the bank lists it today
        ],
    )
    send(site, [Line(3, 3, 300)], BEFORE)
    assert recon("run", "--date", BEFORE).exit_code == 0
    assert found(journal, BEFORE) == [(3, 6, "carried"), (1, 6, "carried"), (2, 6, "carried")]
    assert stored(journal, COUNTS.format(day=BEFORE)) == [(0, 0, 0, 0, 0, 3)]
    send(site, [Line(1, 1, 100), Line(4, 4, 400)], DAY)
    assert recon("run", "--date", DAY).exit_code == 0
    assert found(journal, BEFORE) == [(3, 6, "matched"), (1, 6, "matched"), (2, 5, "open")]
    assert stored(journal, COUNTS.format(day=BEFORE)) == [(1, 0, 0, 0, 1, 0)]
    assert found(journal) == [(4, 6, "carried")]
    send(site, [], AFTER)
    assert recon("run", "--date", AFTER).exit_code == 0
    assert found(journal) == [(4, 6, "matched")]
    assert found(journal, AFTER) == []
    assert recon("run", "--date", BEFORE).exit_code == 1
    assert classes(result(site, BEFORE)) == [(3, 6), (1, 6), (2, 6)]


def test_account_numbers_stay_out_of_errors(recon: Recon, site: Path, journal: Database) -> None:
    """A file that is refused is told by line and field."""
    path = send(site, [Line(1, 1, 100)])
    path.write_bytes(path.read_bytes().replace(b"2002", b"2009", 1))
    refused = recon("run", "--date", DAY)
    assert (refused.exit_code, refused.out) == (2, "")
    assert refused.err.startswith("0102: DZ010220261120.txt, line 2: txn: ")
    assert account_no(1) not in refused.err
    assert stored(journal, "SELECT count(*) FROM reconciliations") == [(0,)]


def test_a_file_that_is_written_to_while_it_is_read(
    recon: Recon, site: Path, journal: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused whole, in words, and nothing is stored; once it is left alone the day is reconciled."""
    keep(journal, [paid(1, 1, 100)])
    path = send(site, [Line(1, 1, 100), Line(2, 2, 200)])
    rows_at = BankFile.rows_at

    def written_to(self: BankFile, places: Sequence[int]) -> list[ReconcileRow]:
        path.write_bytes(path.read_bytes()[:60])
        return rows_at(self, places)

    monkeypatch.setattr(BankFile, "rows_at", written_to)
    refused = recon("run", "--date", DAY)
    assert refused.exit_code == 2
    assert refused.err == "0102: DZ010220261120.txt: the file is being changed; nothing was stored\n"
    assert stored(journal, "SELECT count(*) FROM reconciliations") == [(0,)]
    monkeypatch.undo()
    send(site, [Line(1, 1, 100), Line(2, 2, 200)])
    assert recon("run", "--date", DAY).exit_code == 1


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([Line(number, 1, 10**16 - 1, txn=2003) for number in range(1, 1_001)], id="below"),
        pytest.param([Line(1, 1, 10**16 - 1)], id="above"),
    ],
)
def test_money_that_no_bank_has(recon: Recon, site: Path, journal: Database, lines: list[Line]) -> None:
    """A file whose rows add up to more than the books can hold is refused whole, in words."""
    path = send(site, [])
    head = b"H0102%s%08d%016d\r\n" % (b"20261120", len(lines), max(0, sum(line.counted_fen for line in lines)))
    body = head + b"".join(bytes(line) + b"\r\n" for line in lines)
    path.write_bytes(body + b"T%08X\r\n" % crc32(body))
    refused = recon("run", "--date", DAY)
    assert refused.exit_code == 2
    assert refused.err.startswith("0102: DZ010220261120.txt, line 1: the rows add up to more than a day can be")
    assert stored(journal, "SELECT count(*) FROM reconciliations") == [(0,)]


def test_a_folder_that_cannot_be_used_keeps_no_other_bank_waiting(recon: Recon, site: Path, journal: Database) -> None:
    """What the system says of one bank's folder is told; the next bank is reconciled and shown."""
    clear(journal, banks=("0102", "0103"))
    keep(journal, [paid(1, 1, 100, bank_code="0103")])
    send(site, [])
    send(site, [Line(1, 1, 100)], bank="0103")
    (site / "files" / "0102" / "out").write_bytes(b"")
    done = recon("run", "--date", DAY)
    assert done.exit_code == 3
    assert done.err.startswith("0102: ")
    assert [line.split("\t")[0] for line in done.out.splitlines()[1:]] == ["0103"]
    assert result(site, bank="0103").exists()


def test_a_payment_that_arrived_late(recon: Recon, site: Path, journal: Database) -> None:
    """The bank listed it on its own day; it came after that was reconciled: one payment, and no difference any more."""
    lines = [Line(serial, serial, 100 * serial, bank_date=BEFORE) for serial in (1, 2, 3, 4)]
    send(site, lines, BEFORE)
    assert recon("run", "--date", BEFORE).exit_code == 1
    assert found(journal, BEFORE) == [(serial, 4, "open") for serial in (1, 2, 3, 4)]
    with driver_connection(journal.money_engine.url) as connection:
        connection.execute("UPDATE differences SET state = 'proposed' WHERE bank_serial = '000000000002'")
    keep(
        journal,
        [
            paid(1, 1, 100, DAY, bank_date=BEFORE),
            paid(2, 2, 200, DAY, bank_date=BEFORE),
            paid(3, 3, 333, DAY, bank_date=BEFORE),  # not the same money
            paid(5, 5, 500),
            paid(4, 4, 400, DAY, bank_date=BEFORE, state=CANCELLED),
            undone(14, 4, 4, 400, movement=Movement.CANCEL, original_bank_date=BEFORE),
        ],
    )
    send(site, [Line(5, 5, 500), Line(14, 4, 400, txn=2003)], DAY)
    assert recon("run", "--date", DAY).exit_code == 1
    assert found(journal) == [(3, 5, "open")]
    assert found(journal, BEFORE) == [(1, 4, "matched"), (2, 4, "matched"), (3, 4, "open"), (4, 4, "matched")]
    assert stored(journal, COUNTS.format(day=BEFORE)) == [(3, 0, 0, 1, 0, 0)]
    assert stored(journal, COUNTS.format(day=DAY)) == [(2, 0, 0, 0, 1, 0)]
    assert recon("run", "--date", BEFORE).exit_code == 1
    assert classes(result(site, BEFORE)) == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_payment_that_the_bank_lists_late(recon: Recon, site: Path, journal: Database) -> None:
    """Under a date that is not its own, after our day was reconciled: it is found there, unless operators work it."""
    keep(journal, [paid(1, 1, 100, BEFORE), paid(2, 2, 200, BEFORE)])
    send(site, [], BEFORE)
    assert recon("run", "--date", BEFORE).exit_code == 1
    with driver_connection(journal.money_engine.url) as connection:
        connection.execute("UPDATE differences SET state = 'proposed' WHERE bank_serial = '000000000002'")
    send(site, [Line(1, 1, 100, bank_date=BEFORE), Line(2, 2, 200, bank_date=BEFORE)], DAY)
    assert recon("run", "--date", DAY).exit_code == 1
    assert found(journal, BEFORE) == [(1, 5, "matched"), (2, 5, "proposed")]
    assert found(journal) == [(2, 4, "open")]
    assert stored(journal, COUNTS.format(day=BEFORE)) == [(0, 0, 0, 0, 1, 0)]
    assert stored(journal, COUNTS.format(day=DAY)) == [(1, 0, 0, 1, 0, 0)]


def test_the_result_file_after_ours_was_undone(recon: Recon, site: Path, journal: Database) -> None:
    """What that left to be worked is a difference of the day too, and the bank is told what it was told before."""
    keep(journal, [paid(1, 1, 100), paid(2, 2, 200)])
    send(site, [Line(1, 1, 130), Line(2, 2, 200), Line(2, 2, 200)])
    assert recon("run", "--date", DAY).exit_code == 1
    told = result(site).read_bytes()
    assert classes(result(site)) == [(1, 2), (2, 1), (2, 4)]
    with journal.money_engine.begin() as connection:
        [differs, _] = listed(connection)
        rest = rest_of(replace(differs, act=DifferenceAct.UNDO))
        assert rest is not None
        add_differences(connection, 1, [rest])
    result(site).unlink()
    assert recon("run", "--date", DAY).exit_code == 1
    assert result(site).read_bytes() == told
