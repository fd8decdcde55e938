"""Numbers 编号: fep_serial 前置流水号 and invoice_no 发票号, drawn in blocks that no other daemon gets.

A block is taken in a short transaction of its own, before the batch that uses it begins, so that daemons never wait for
each other's batches. What a daemon does not use is a gap; the wire specification allows gaps and disorder.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Select, Update, select, update

from dbgate.errors import StatementFailed
from dbgate.prepared import Change, InsertRows, Keys, Statement
from dbgate.tables import number_blocks
from dbgate.trip import run


@dataclass(frozen=True, slots=True)
class Series:
    """A series of numbers: ``digits`` follow the two of the database; ``block_size`` are taken at once."""

    name: str
    digits: int
    block_size: int


# 12 digits on the wire. 1,000 are a tenth of a second's work at full load, and a daemon that restarts every minute for
# ten years still uses up only half of the ten digits.
FEP_SERIAL: Final = Series("fep_serial", digits=10, block_size=1000)
# 16 characters on the wire. Small, because somebody has to explain each missing invoice number to the tax office.
INVOICE_NO: Final = Series("invoice_no", digits=14, block_size=20)

# Numbered once for each file or finding, not for each payment: no gaps where there need be none.
RECON_BATCH_NO: Final = Series("recon_batch_no", digits=10, block_size=1)
DIFFERENCE_NO: Final = Series("difference_no", digits=10, block_size=1)
DEBIT_BATCH_NO: Final = Series("debit_batch_no", digits=10, block_size=1)


def _take(keys: Keys) -> Update:
    following = number_blocks.c.next_number + keys.one("count")
    return update(number_blocks).where(number_blocks.c.name == keys.one("series")).values(next_number=following)


def _next(keys: Keys) -> Select[tuple[int]]:
    return select(number_blocks.c.next_number).where(number_blocks.c.name == keys.one("series"))


_TAKE = Change("take_numbers", _take, ("count", "series"))
_NEXT = Statement("select_next_number", _next, ("series",))
_INSERT_SERIES = InsertRows("insert_number_series", number_blocks, if_new=True)


def take_block(connection: Connection, series: Series, count: int) -> range:
    """Take ``count`` numbers, without the digits of the database, in a transaction of the caller's.

    Raises:
        StatementFailed: the series is used up.
    """
    if run(connection, _TAKE, count, series.name).count == 0:
        run(connection, _INSERT_SERIES, [(series.name, 1)])
        run(connection, _TAKE, count, series.name)
    following: int = run(connection, _NEXT, series.name).rows[0][0]
    if following > 10**series.digits:
        raise StatementFailed(f"the series {series.name} is used up: {series.digits} digits do not hold {following}")
    return range(following - count, following)


class Numbers:
    """The numbers that one lane has in stock; not shared between threads."""

    def __init__(self, database_no: int) -> None:
        self._database_no = database_no
        self._stock: dict[str, list[range]] = {FEP_SERIAL.name: [], INVOICE_NO.name: []}

    def lacks(self, fep_serials: int, invoice_nos: int) -> bool:
        """Tell whether a block has to be taken before so many numbers can be drawn."""
        return self._count(FEP_SERIAL) < fep_serials or self._count(INVOICE_NO) < invoice_nos

    def refill(self, connection: Connection, fep_serials: int, invoice_nos: int) -> list[tuple[Series, range]]:
        """Take the blocks that ``lacks`` missed, in a transaction of the caller's; stock them when it has committed."""
        taken = []
        for series, wanted in ((FEP_SERIAL, fep_serials), (INVOICE_NO, invoice_nos)):
            missing = wanted - self._count(series)
            if missing > 0:
                taken.append((series, take_block(connection, series, max(missing, series.block_size))))
        return taken

    def stock(self, blocks: list[tuple[Series, range]]) -> None:
        """Add blocks whose transaction has committed."""
        for series, block in blocks:
            self._stock[series.name].append(block)

    def fep_serial(self) -> int:
        """Draw a fep_serial: the two digits of the database, then ten."""
        return fep_serial_of(self._database_no, self._draw(FEP_SERIAL))

    def invoice_no(self) -> str:
        """Draw an invoice number: the two digits of the database, then fourteen."""
        return f"{self._database_no:02d}{self._draw(INVOICE_NO):014d}"

    def _count(self, series: Series) -> int:
        return sum(map(len, self._stock[series.name]))

    def _draw(self, series: Series) -> int:
        blocks = self._stock[series.name]
        block = blocks[0]
        number: int = block.start
        rest = block[1:]
        if rest:
            blocks[0] = rest
        else:
            del blocks[0]
        return number


def fep_serial_of(database_no: int, number: int) -> int:
    """Return the 12-digit fep_serial of a number of a database; numbers of batches and differences are made alike."""
    return database_no * 10_000_000_000 + number
