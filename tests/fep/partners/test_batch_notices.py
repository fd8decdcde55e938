"""What a command tells a bank of debit lists: a cancel counts only when the bank has said that it will not debit."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dbgate import schema
from dbgate.database import Database
from fep.config.settings import Address, BankSettings, LinkSettings, Settings
from fep.exits import CommandFailed
from fep.partners.batch_notices import cancel, is_told_of_files
from protocol.dialects.registry import DIALECTS
from protocol.files.notices import CancelOutcome
from tests.support import partner_bank, rim
from tests.support.partner_bank import Asked, Manner, PartnerBank, refuse, reply
from tests.support.ports import free_port
from tests.support.rim import settings_of

NAME = "301445500ds20261101.txt"
DAY = date(2026, 11, 20)
FLAG_AT = 10 + 175 + 16 + 12 + 32


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database, for the numbers of requests."""
    database = Database(f"sqlite:///{tmp_path / 'billing.db'}", database_no=1)
    schema.upgrade(database.money_engine)
    yield database
    database.dispose()


@pytest.fixture
def program() -> Iterator[PartnerBank]:
    """The bank's program."""
    program = PartnerBank()
    yield program
    program.close()


def bank_at(port: int) -> BankSettings:
    return settings_of("0104", dialect=DIALECTS["elec02"], node="301", partner=Address("127.0.0.1", port))


def settings() -> Settings:
    return replace(rim.settings({}), link=LinkSettings(partner_timeout=1.0))


def cancelled(database: Database, port: int, reason: str = "未回盘") -> CancelOutcome:
    return cancel(settings(), [database], bank_at(port), NAME, 3, DAY, reason)


def flagged(flag: bytes) -> Manner:
    """Answer 00 with this flag."""

    def answer(_bank: PartnerBank, connection: socket.socket, asked: Asked) -> None:
        frame = bytearray(reply(asked))
        frame[FLAG_AT : FLAG_AT + 1] = flag
        connection.sendall(frame)

    return answer


@pytest.mark.parametrize(("flag", "outcome"), [(b"1", CancelOutcome.CANCELLED), (b"4", CancelOutcome.NO_SUCH_BATCH)])
def test_a_bank_that_will_not_debit(
    database: Database, program: PartnerBank, flag: bytes, outcome: CancelOutcome
) -> None:
    """Whether it had the list or not, the bills may be freed."""
    program.manner = flagged(flag)
    assert cancelled(database, program.port) is outcome
    [asked] = program.asked
    assert (asked.code, asked.body[1:3], asked.body[4:]) == ("24", [NAME, "20261120"], ["3", "未回盘"])


def test_a_reason_that_is_too_long(database: Database, program: PartnerBank) -> None:
    """What does not fit is cut off between two characters."""
    assert cancelled(database, program.port, "银" * 33) is CancelOutcome.CANCELLED
    assert program.asked[0].body[5] == "银" * 32


@pytest.mark.parametrize(
    ("manner", "exit_code", "said"),
    [
        (flagged(b"2"), 3, "it may still debit the list, so nothing is freed"),
        (partner_bank.hang_up, 3, "it may still debit the list, so nothing is freed"),
        (partner_bank.hold, 3, "does not answer in time; it may still debit the list"),
        (refuse("79", "批次扣款中"), 1, "the bank refuses with code 79: 批次扣款中"),
    ],
)
def test_a_bank_that_may_still_debit(
    database: Database, program: PartnerBank, manner: Manner, exit_code: int, said: str
) -> None:
    """Whatever it says but that it will not: the bills must stay as they are."""
    program.manner = manner
    with pytest.raises(CommandFailed) as caught:
        cancelled(database, program.port)
    assert (caught.value.exit_code, said in str(caught.value.text.en)) == (exit_code, True), caught.value.text.en


def test_a_bank_that_is_away(database: Database) -> None:
    """Nothing was sent; asked again later, it is as if for the first time."""
    with pytest.raises(CommandFailed) as caught:
        cancelled(database, free_port())
    assert caught.value.exit_code == 3
    assert "nothing was sent" in caught.value.text.en


def test_which_banks_are_told() -> None:
    """Those whose format has such notices and whose file says where they are."""
    bank = bank_at(9800)
    assert is_told_of_files(bank)
    assert not is_told_of_files(replace(bank, partner=None))
    assert not is_told_of_files(settings_of("0102"))
