"""What every reply must look like, by sections 1, 2 and 6 of the wire specification. 应答检查"""

from datetime import time, timedelta
from typing import Any

from tests.support.raw_bank import ENCRYPTED, ERROR, REPEAT, RESPONSE, Frame, RawBank, now
from tests.system import messages

# The demo's cut-off is 23:30; a run that starts shortly before moves it back, so that no day rolls in the middle of it.
CUT_OFF = time(23, 0) if time(23, 0) <= now().time() < time(23, 30) else time(23, 30)
MONEY = (messages.PAY, messages.CANCEL, messages.REVERSE)
NONE_DATE, NONE_SERIAL = "0" * 8, "0" * 12

MESSAGES = {
    "1001": "未签到",
    "1002": "MAC校验错",
    "1003": "报文格式错",
    "1004": "无此交易或未开通",
    "1005": "密钥已过期",
    "1006": "无此银行",
    "1007": "版本不支持",
    "1008": "时钟偏差过大",
    "1009": "加密方式不符",
    "1010": "重复签到",
    "1011": "系统忙",
    "1012": "非服务时间",
    "2001": "无此户号",
    "2002": "用户无欠费",
    "2003": "金额不符",
    "2004": "用户已销户或暂停",
    "2005": "不在交费期内",
    "2006": "流水号重复",
    "2007": "无原交易",
    "2008": "原交易已撤销",
    "2009": "不能隔日撤销",
    "2010": "交易已被冲正",
    "2011": "代扣处理中",
    "2012": "金额超限",
    "2013": "与原交易不符",
    "2014": "超过补打次数",
    "2015": "发票由供电公司打印",
    "2016": "预存款已使用",
    "2017": "需到供电公司办理",
    "2018": "对应多个户号",
    "3001": "对账日期错",
    "3002": "未日切",
    "4001": "无此文件",
    "4002": "文件内容错",
    "9001": "数据库不可用",
    "9002": "结果未知",
    "9003": "系统错误",
}


def clearing_date() -> str:
    """Return the clearing date of now, YYYYMMDD: the next day's from the cut-off on."""
    moment = now()
    day = moment.date() + timedelta(days=1 if moment.time() >= CUT_OFF else 0)
    return day.strftime("%Y%m%d")


def check_reply(request: bytes, reply: Frame, code: str = "0000", *, mac: str = "right", repeat: bool = False) -> Frame:
    """Check each header field of a reply, and the body of an error, against the specification."""
    asked = Frame(request, b"", "")
    assert (reply.code, reply.mac_state) == (code, mac), reply
    encrypted = bool(asked.flags & ENCRYPTED) and len(reply.raw) > 106 and mac == "right" and code != "1009"
    assert reply.flags == RESPONSE | (ENCRYPTED if encrypted else 0) | (REPEAT if repeat else 0)
    assert reply.header[0] == 1
    assert reply.txn_code == asked.txn_code
    assert reply.echo == asked.echo
    assert reply.key_version == asked.key_version
    assert reply.header[92:96] == bytes(4)
    if encrypted:
        assert reply.nonce not in (bytes(8), asked.nonce)
    else:
        assert reply.nonce == bytes(8)
    if asked.txn_code in MONEY and code == "0000":
        assert reply.clearing_date == clearing_date()
        assert reply.fep_serial.isdigit()
        assert reply.fep_serial != NONE_SERIAL
    else:
        assert reply.clearing_date in (NONE_DATE, clearing_date())
        assert reply.fep_serial == NONE_SERIAL
    if code != "0000":
        assert ERROR.unpack(reply.body)["message"].startswith(MESSAGES[code])
    return reply


def ask(bank: RawBank, txn_code: int, body: bytes = b"", code: str = "0000", **fields: Any) -> Frame:
    """Send a request and return its reply, checked to carry ``code``."""
    request = bank.build(txn_code, body, **fields)
    return check_reply(request, bank.exchange(request), code)


def pay_fields(reply: Frame) -> dict[str, Any]:
    """Return the fields of an approved PAY; its amounts must add up."""
    fields = messages.PAY_REPLY.unpack(reply.body)
    parts = fields["settled_principal"] + fields["settled_late_fee"] + fields["balance_change"]
    assert fields["amount"] == parts
    return fields


def query_fields(bank: RawBank, account_no: str) -> dict[str, Any]:
    """Query an account and return the head of the reply."""
    head, _ = messages.query_reply(ask(bank, messages.QUERY, messages.query(account_no)).body)
    return head
