"""Bank transaction codes 银行交易码: what a movement is in the ISO external code set of ``BkTxCd``.

Domain PMNT for all; family and sub-family by channel and instrument:

| what                                        | family | sub-family                     |
|---------------------------------------------|--------|--------------------------------|
| pushed debit (02) and batch debit (10)      | IDDT   | PMDD direct debit payment      |
| cash                                        | CNTR   | CDPT cash deposit              |
| cheque                                      | CNTR   | CHKD cheque deposit            |
| passbook or transfer                        | RCDT   | DMCT domestic credit transfer  |
| card                                        | MCRD   | POSP point-of-sale payment     |
| an undo, an adjustment, anything unknown    | OTHR   | OTHR                           |
"""

from typing import NamedTuple

from dbgate.records import Movement
from dbgate.reports.details import Detail
from protocol.canonical.codes import Instrument

DOMAIN = "PMNT"


class TransactionCode(NamedTuple):
    """Family and sub-family within the domain."""

    family: str
    sub_family: str


_OTHER = TransactionCode("OTHR", "OTHR")
_DIRECT_DEBIT = TransactionCode("IDDT", "PMDD")
_DEBIT_CHANNELS = frozenset({2, 10})
_BY_INSTRUMENT: dict[int, TransactionCode] = {
    Instrument.CASH: TransactionCode("CNTR", "CDPT"),
    Instrument.CHEQUE: TransactionCode("CNTR", "CHKD"),
    Instrument.TRANSFER: TransactionCode("RCDT", "DMCT"),
    Instrument.CARD: TransactionCode("MCRD", "POSP"),
}


def transaction_code(entry: Detail) -> TransactionCode:
    """Return what a row of the journal is in the ISO code set."""
    if entry.movement is not Movement.PAY or entry.mends_date is not None:
        return _OTHER
    if entry.channel in _DEBIT_CHANNELS:
        return _DIRECT_DEBIT
    return _BY_INSTRUMENT.get(entry.instrument or 0, _OTHER)
