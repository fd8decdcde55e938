"""Notices of ELEC02 ELEC02 文件通知: 22, 23, 24 and 50, which tell of files; the header has their names."""

from protocol.bindings import Constant, Equal
from protocol.dialects.elec02.common import OWN_NODE, gbk
from protocol.files.field_types import Code
from protocol.files.notices import CancelOutcome
from protocol.layout import Field
from protocol.moments import Date
from protocol.padded import Amount, Characters, Count
from protocol.sheet import Sheet

# 22 and 24, asked by the FEP
LIST_READY_REQUEST = Sheet(
    "body",
    Field("WTC", Characters(12), "sender node: `own_node`", "委托节点代码: `own_node`", OWN_NODE),
    Field("WD0", Date(), "work date", "工作日期", "frame.at"),
    Field("QFG", Characters(1), "query mode", "查询方式"),
    Field("ACT", Characters(8), "kind of account", "帐号类型"),
)
LIST_READY_REPLY = Sheet("body")
LIST_CANCEL_REQUEST = Sheet(
    "body",
    Field("BankCd", Characters(12), "bank: its node", "银行代码", "frame.node"),
    Field("FilNm", Characters(32), "name of the list", "文件名", "body.file_name"),
    Field("FSDT", Date(), "date of the list", "发送日期", "body.sent_on"),
    Field("TZDT", Date(), "date of this notice", "通知日期", "frame.at"),
    Field("FilMx", Count(8), "rows of the list", "文件明细数", "body.row_count"),
    Field("QSSM", gbk(64), "reason", "取消说明", "body.reason"),
)
LIST_CANCEL_REPLY = Sheet(
    "body",
    Field("BankLs", Characters(16), "serial of the bank", "银行流水号"),
    Field("BankCd", Characters(12), "bank", "银行代码"),
    Field("FilNm", Characters(32), "name of the list", "文件名", Equal("asked.FilNm")),
    Field(
        "QSFlg",
        Code(1, {outcome.value: outcome for outcome in CancelOutcome}, " "),
        "whether it is cancelled",
        "取消标志",
        "body.outcome",
    ),
    Field("FSDT", Characters(8), "date of the list", "发送日期"),
    Field("QSSM", gbk(64), "reason", "取消说明"),
)

# 23 and 50, asked by the bank
RESULT_READY_REQUEST = Sheet(
    "body",
    Field("WTC", Characters(12), "bank node", "委托节点代码", Equal("StartAddr")),
    Field("WD0", Date(), "work date", "工作日期", "head.bank_date"),
    Field("TMN", Characters(12), "branch", "经办网点号", "head.branch_code"),
    Field("LogNo", Characters(16), "serial of the bank", "流水", "head.bank_serial"),
    Field("STO", Characters(5), "operator", "银行操作员代码", "head.teller_id"),
    Field("HAN", Count(8), "rows debited", "已扣笔数", "body.debited_count"),
    Field("HAM", Amount(14), "amount debited", "已扣金额", "body.debited_fen"),
    Field("LSN", Characters(8), "rows not debited", "失败笔数"),
    Field("LSM", Characters(14), "their amount", "失败金额"),
    Field("FIF", Characters(2), "file type", "文件类型", Constant("02")),
)
RECONCILE_READY_REQUEST = Sheet(
    "body",
    Field("WTC", Characters(12), "bank node", "委托节点代码", Equal("StartAddr")),
    Field("WD0", Date(), "work date: the day that is reconciled", "工作日期: 对账日", "head.bank_date"),
    Field("FIF", Characters(2), "file type", "文件类型", Constant("03")),
    Field("STO", Characters(8), "operator", "操作员代码", "head.teller_id"),
    Field("CLZ", Characters(16), "serial of the bank", "银行流水号", "head.bank_serial"),
)
NOTED_REPLY = Sheet(
    "body",
    Field("CLZ", Count(16, least_digits=12), "serial of the utility", "流水", "answer.fep_serial"),
)
