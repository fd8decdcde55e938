"""Words 报表用语: headings and the names of values in both languages."""

from collections.abc import Sequence
from typing import Any

from dbgate.records import BillState, CollectMode, Movement, PaymentState, UserClass
from dbgate.reports.criteria import Dimension, Period
from dbgate.reports.doubtful import Doubt
from fep.language import Text
from fep.listings.listing import Column, Kind
from protocol.canonical.codes import Instrument, UndoOutcome

TOTAL = Text("total", "合计")

CLASSES = {UserClass.RESIDENTIAL: Text("residential", "居民"), UserClass.OTHER: Text("other", "其他")}
MODES = {
    CollectMode.COUNTER: Text("counter", "柜台"),
    CollectMode.DEBIT: Text("debit", "代扣"),
    CollectMode.CARD: Text("card", "购电卡"),
}
BILL_STATES = {
    BillState.OPEN: Text("open", "未收"),
    BillState.IN_DEBIT: Text("in debit", "代扣中"),
    BillState.SETTLED: Text("settled", "已收"),
}
MOVEMENTS = {
    Movement.PAY: Text("pay", "交费"),
    Movement.CANCEL: Text("cancel", "撤销"),
    Movement.REVERSE: Text("reverse", "冲正"),
}
STATES = {
    PaymentState.POSTED: Text("posted", "有效"),
    PaymentState.CANCELLED: Text("cancelled", "已撤销"),
    PaymentState.REVERSED: Text("reversed", "已冲正"),
    PaymentState.REVERSED_BEFORE_ARRIVAL: Text("reversed before arrival", "到达前已冲正"),
}
OUTCOMES: dict[int, Text] = {
    UndoOutcome.UNDONE: Text("undone", "已冲销"),
    UndoOutcome.NEVER_ARRIVED: Text("never arrived", "原交易未到达"),
    UndoOutcome.UNDONE_BEFORE: Text("undone before", "此前已冲销"),
}
INSTRUMENTS: dict[int, Text] = {
    Instrument.CASH: Text("cash", "现金"),
    Instrument.TRANSFER: Text("transfer", "转账"),
    Instrument.CARD: Text("card", "银行卡"),
    Instrument.CHEQUE: Text("cheque", "支票"),
}
CHANNELS = {
    1: Text("counter", "柜台"),
    2: Text("pushed debit", "实时划拨"),
    3: Text("kiosk", "自助终端"),
    4: Text("net bank", "网上银行"),
    5: Text("mobile", "手机"),
    6: Text("phone", "电话"),
    7: Text("POS", "POS"),
    8: Text("TV", "电视"),
    9: Text("agent", "代收点"),
    10: Text("batch", "批量"),
}
DOUBTS = {
    Doubt.REFUSED: Text("refused, not paid since", "被拒后未再交费"),
    Doubt.UNARRIVED: Text("reversed before arrival, not paid since", "到达前被冲正且未再交费"),
    Doubt.LATE_UNDO: Text("undone late", "延迟冲销"),
    Doubt.LARGE_CASH: Text("large sum in cash", "大额现金"),
    Doubt.REPEATED: Text("same amount again", "同户同日同额重复"),
    Doubt.MANY_UNDOS: Text("many undos of a teller", "柜员频繁冲销"),
}

_DIMENSIONS = {
    Dimension.BANK: Column(Text("bank", "银行")),
    Dimension.OUTLET: Column(Text("outlet", "网点")),
    Dimension.TELLER: Column(Text("teller", "柜员")),
    Dimension.CHANNEL: Column(Text("channel", "渠道")),
    Dimension.BRANCH: Column(Text("supply branch", "供电分公司")),
    Dimension.CLASS: Column(Text("class", "用户类别")),
    Dimension.DAY: Column(Text("day", "日期"), Kind.DAY),
    Dimension.MONTH: Column(Text("month", "月份"), Kind.MONTH),
    Dimension.BILL_MONTH: Column(Text("bill month", "电费年月"), Kind.MONTH),
}


def days(period: Period) -> str:
    """Return a period as a title names it: a day, or its first and last day."""
    return str(period.first) if period.first == period.last else f"{period.first} – {period.last}"


def channel(number: int) -> str:
    """Return a channel as its number and name."""
    return f"{number:02d} {CHANNELS[number]}" if number in CHANNELS else f"{number:02d}"


def key_columns(by: Sequence[Dimension]) -> list[Column]:
    """Return the columns of dimensions; without any, one that says that this is the total."""
    return [_DIMENSIONS[dimension] for dimension in by] or [Column(Text("of", "范围"))]


def key_cells(by: Sequence[Dimension], key: Sequence[Any]) -> list[Any]:
    """Return the values of a group as they are shown."""
    return [_shown(dimension, value) for dimension, value in zip(by, key, strict=True)] or [TOTAL]


def total_cells(by: Sequence[Dimension]) -> list[Any]:
    """Return what stands in the columns of dimensions in a total's row."""
    return [TOTAL, *[None] * (len(by) - 1)]


def _shown(dimension: Dimension, value: Any) -> Any:
    if dimension is Dimension.CHANNEL:
        return channel(value)
    return CLASSES[value] if dimension is Dimension.CLASS and value in CLASSES else value
