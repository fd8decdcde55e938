"""Rules of rows 明细行规则: what holds of the rows of a kind of file in any layout."""

from protocol.files.canonical import DebitResultRow
from protocol.files.layout import Rule

RESULT_RULES: tuple[Rule[DebitResultRow], ...] = (
    Rule(
        "debited_fen",
        "zero in a row that was debited, or not zero in one that was not",
        "已扣款的行不得为零, 未扣款的行应为零",
        lambda row: bool(row.debited_fen or not row.due_fen) if row.is_debited else not row.debited_fen,
    ),
    Rule(
        "debit_date",
        "absent in a row that was debited",
        "已扣款的行不得缺省",
        lambda row: not row.is_debited or row.debit_date is not None,
    ),
    Rule(
        "debit_serial",
        "absent in a row that was debited",
        "已扣款的行不得缺省",
        lambda row: not row.is_debited or bool(row.debit_serial),
    ),
)
"""Of a debit result 回盘."""
