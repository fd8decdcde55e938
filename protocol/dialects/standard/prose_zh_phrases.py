"""Phrases of the field tables and the code table in Chinese 表格用语: what each adds to the gloss beside it.

The key is the English text of the description; an empty phrase says that the gloss alone says it all.
"""

from types import MappingProxyType

_HEADER = {
    "always 1": "恒为 1",
    "bit 0 RESPONSE, bit 1 ENCRYPTED (the body only), bit 2 REPEAT; other bits 0": (
        "位 0 RESPONSE 应答, 位 1 ENCRYPTED 加密 (仅报文体), 位 2 REPEAT 重复; 其他位为 0"
    ),
    "transaction code as a number, e.g. 2002": "按数值, 如 2002",
    "four spaces in a request": "请求中为四个空格",
    "bank, e.g. 0102": "如 0102",
    "bank outlet": "",
    "teller": "",
    "the bank's accounting date; in 1001 and 1003 the wall-clock date": "1001 和 1003 中为自然日期",
    "wall clock; zeros are midnight": "北京时间的自然时间; 全零为零点",
    "01 counter, 02 pushed debit, 03 kiosk or ATM, 04 net bank, 05 mobile, 06 phone, 07 POS, 08 TV, 09 agent, "
    "10 batch; 00 is allowed in 1001 to 1004": (
        "01 柜面, 02 实时划拨, 03 自助终端或 ATM, 04 网上银行, 05 手机银行, 06 电话银行, 07 POS, 08 电视银行, "
        "09 代收点, 10 批量; 1001 至 1004 可填 00"
    ),
    "not zero; unique for a bank and bank_date": "不得为零; 同一银行同一 bank_date 内唯一",
    "the day a reply is of; zeros in a request": "应答所属的清算日期; 请求中为零",
    "number of the movement; zeros in a bank's request": "该笔交易的前置流水号; 银行请求中为零",
    "random in an encrypted frame, else zeros": "加密帧中为随机数, 否则为零字节",
    "0 in 1001 and 1003, else version of the session keys": "1001 和 1003 中为 0, 其他为会话密钥的版本",
    "reserved": "",
}

_LINK = {
    "as shown to the teller, Chinese": "中文, 可直接向柜员显示",
    "random, new in each request": "每次请求取新的随机数",
    "as in the request": "同请求",
    "version of the session keys below": "下列会话密钥的版本",
    "seconds until business requests get 1005": "超过此秒数后业务请求应答 1005",
    "YYYYMMDDHHMMSS of the FEP, Asia/Shanghai": "YYYYMMDDHHMMSS, 北京时间",
    "MAC key under the KEK; 8 bytes stand left": "MAK 经 KEK 加密; 8 字节密钥靠左",
    "key check value of the MAC key": "",
    "encryption key under the KEK; 8 bytes stand left": "TEK 经 KEK 加密; 8 字节密钥靠左",
    "key check value of the encryption key": "",
}

_ACCOUNTS_AND_BILLS = {
    "what names the account": "",
    "what kind of number the key is": "",
    "page of bills": "应收的页号",
    "account": "",
    "customer": "",
    "address of the supply": "",
    "branch of the utility": "",
    "state of the account": "",
    "how the account pays": "",
    "a deposit of 1 fen would pass check 1 of PAY": "预存 1 分能否通过 PAY 的第 1 项检查",
    "all unsettled bills": "全部未销账应收",
    "page that was asked for": "所请求的页",
    "rows in this page": "",
    "balance": "",
    "principal of all unsettled bills": "全部未销账应收的本金",
    "late fees of all unsettled bills": "全部未销账应收的违约金",
    "principal_due + late_fee_due": "principal_due + late_fee_due",
    "max(0, total_due - balance)": "max(0, total_due - balance)",
    "month of the bill": "",
    "number of the bill in its month": "当月第几笔应收",
    "number of the bill": "",
    "energy": "",
    "energy charge": "电费本金",
    "late fee as of today": "截至当日",
    "late fee": "",
    "last day without a late fee": "不收违约金的最后一日",
    "state of the bill": "",
    "previous reading": "",
    "this reading": "",
}

_PAYMENTS = {
    "amount paid": "",
    "everything that is due, or a deposit": "缴清全部应交, 或预存",
    "what the customer paid with": "",
    "print an invoice at once": "立即打印",
    "bank account or card that paid, spaces when none": "付款的账户或卡号, 没有时为空格",
    "payable as the teller saw it, -1 when not given": "柜员所见的应交金额, 未填时为 -1",
    "amount paid = settled_principal + settled_late_fee + balance_change": (
        "= settled_principal + settled_late_fee + balance_change"
    ),
    "principal settled": "",
    "late fees settled": "",
    "change of the balance": "余额的增减",
    "balance afterwards": "",
    "total_due afterwards, balance not deducted": "交费后的 total_due, 未扣除余额",
    "total_due afterwards": "撤销后的 total_due",
    "bills settled": "结清的应收笔数",
    "invoice, spaces when none": "没有时为空格",
    "oldest month settled": "结清的最早年月",
    "newest month settled": "结清的最近年月",
    "bank_date of the original": "原交易的 bank_date",
    "bank_serial of the original": "原交易的 bank_serial",
    "account of the original": "原交易的户号",
    "amount of the original": "",
    "any value is well formed; one that differs from the original's is 2013": "任何值均可; 与原交易不同则应答 2013",
    "the bank's own reason code, any value": "银行自定的原因码, 任何值格式都正确",
    "fep_serial of the original": "原交易的 fep_serial",
    "what was done": "",
    "kind of the original": "",
    "state of the original; 1 for a CANCEL or REVERSE: took effect": "原交易为 CANCEL 或 REVERSE 时, 1 表示已生效",
    "clearing date of the original": "",
    "whether it has been reconciled": "",
}

_HISTORY_INVOICE_TOTALS = {
    "calendar months back, the current one included": "向前的自然月数, 含当月",
    "page of rows": "",
    "all rows": "全部行数",
    "all rows; 255: as many or more": "",
    "day of the payment": "",
    "time of the payment": "",
    "channel, as in the header": "同报文头",
    "fep_serial of the payment": "该笔交费的前置流水号",
    "bank that collected it": "收款银行",
    "state of the payment": "",
    "balance before the bill was settled": "",
    "balance after the bill was settled": "",
    "bank_date of the payment": "该笔交费的 bank_date",
    "bank_serial of the payment": "该笔交费的 bank_serial",
    "account of the payment": "该笔交费的户号",
    "what the teller asked for": "柜员所选",
    "number of the invoice": "",
    "amount of the payment": "该笔交费的金额",
    "amount in Chinese words": "",
    "prints up to now, this one included": "截至目前, 含本次",
    "day that is compared": "所核对的清算日期",
    "payments": "",
    "amount of the payments": "",
    "cancels": "",
    "amount of the cancels": "",
    "reversals that undid a payment": "仅计已撤回交费的冲正",
    "amount of those reversals": "上述冲正的金额",
    "how the totals compare; 3: totals up to now": "3 时为截至目前的总数",
    "reconciliation, zeros until one has run": "尚未对账时为零",
    "day that is asked for": "所查询的清算日期",
    "all rows of the day": "当日全部行数",
    "bank_date of the request": "该笔请求的 bank_date",
    "bank_serial of the request": "该笔请求的 bank_serial",
    "fep_serial of the movement": "该笔交易的 fep_serial",
    "account, spaces when longer than the field": "超过域长时为空格",
    "amount": "",
    "transaction": "",
    "state; 1 for a CANCEL or REVERSE: took effect": "CANCEL 或 REVERSE 为 1 表示已生效",
}

_FILES = {
    "name of the file": "",
    "bytes of the whole file": "字节数",
    "bytes before the chunk": "本块之前的字节数",
    "bytes of the chunk, at most 2048": "本块字节数, 不超过 2048",
    "SHA-256 of the whole file": "",
    "bytes of the file, zeros behind chunk_size": "chunk_size 之后为零字节",
    "where the bank goes on": "银行由此续传",
    "the file has been taken into use": "文件已启用",
    "kind of files": "",
    "day of the files": "",
    "all files that fit": "符合条件的全部文件",
    "bytes of the file": "字节数",
    "kind of the file": "",
    "day in its name; of a monthly file the day it was made": "文件名中的日期; 按月的文件为生成日期",
}

_VALUES = {
    "zeros when absent": "无则为零",
    "not zero": "不得为零",
    "anything": "任意值",
    "0 = 1": "0 即 1",
    "0 = 3, at most 24": "0 即 3, 至多 24",
    "0 no, 1 yes": "0 否, 1 是",
    "0 no, 1 yes, 2 difference": "0 未对账, 1 已对平, 2 有差异",
    "1 account no, 2 meter no, 3 passbook": "1 户号, 2 电表号, 3 存折或银行账号",
    "1 active, 2 suspended, 3 closed": "1 正常, 2 暂停, 3 销户",
    "1 counter, 2 debit, 3 card": "1 柜面, 2 代扣, 3 卡表",
    "1 open, 2 in debit": "1 未销账, 2 代扣处理中",
    "1 open, 2 in debit, 3 settled": "1 未销账, 2 代扣处理中, 3 已销账",
    "1 settle, 2 deposit": "1 缴清, 2 预存",
    "1 cash, 2 transfer, 3 card, 4 cheque": "1 现金, 2 转账, 3 银行卡, 4 支票",
    "1 undone, 2 never arrived, 3 undone before": "1 已撤回, 2 原交易未到, 3 此前已撤回",
    "0 unknown, 2002 PAY, 2003 CANCEL, 2004 REVERSE": "0 未知, 2002 交费, 2003 撤销, 2004 冲正",
    "0 unknown, 1 posted, 2 cancelled, 3 reversed, 4 reversed before arrival": (
        "0 未知, 1 已入账, 2 已撤销, 3 已冲正, 4 到达前已冲正"
    ),
    "01 reconcile detail, 02 reconcile result, 03 debit list, 04 debit result, 05 mandates": (
        "01 对账明细, 02 对账结果, 03 出盘, 04 回盘, 05 代扣协议"
    ),
    "00 all, 01 reconcile detail, 02 reconcile result, 03 debit list, 04 debit result, 05 mandates": (
        "00 全部, 01 对账明细, 02 对账结果, 03 出盘, 04 回盘, 05 代扣协议"
    ),
    "1 print, 2 reprint": "1 打印, 2 补打",
    "2002 PAY, 2003 CANCEL, 2004 REVERSE": "2002 交费, 2003 撤销, 2004 冲正",
    "1 balanced, 2 not balanced, 3 still open": "1 相符, 2 不符, 3 尚未日切",
}

_PUSH = {
    "bill": "",
    "due date": "",
    "customer, as in the mandate": "代扣协议中的户名",
    "bank account to debit, of the mandate": "代扣协议中的银行账号",
    "number of the bill in its month": "",
    "principal": "",
    "late fee; it stays what it was at the first push": "首次划拨时的违约金, 重发时不变",
    "what the bank did": "1 已受理, 2 已扣款, 3 拒绝",
    "the bank's own code for why it refused, else zeros": "由银行定义, 未拒绝时为零",
    "accounting date of the debit, zeros when not debited": "扣款的会计日期, 未扣款时为零",
    "serial of the debit, zeros when not debited": "未扣款时为零",
    "amount debited, 0 when not debited": "未扣款时为零",
    "1 accepted, 2 debited, 3 refused": "",
}

_CODES = {
    "approved": "",
    "not signed in": "",
    "MAC wrong": "",
    "frame or field malformed": "报文帧或域的格式不正确",
    "unknown or disabled transaction": "",
    "session key unknown or expired": "会话密钥版本不存在或已过期",
    "unknown bank": "",
    "unsupported version": "",
    "clock differs by more than the limit": "与前置机时间相差超过限度",
    "encryption required or not allowed": "须加密而未加密, 或不得加密而加密",
    "already signed in": "",
    "busy, try again": "未做任何处理, 请稍后重试",
    "outside service hours, or the bank is suspended": "不在服务时间内, 或该银行已暂停",
    "account not found": "",
    "nothing to pay": "",
    "amount differs from what is payable": "金额与应交金额不同",
    "account closed or suspended": "",
    "outside the pay window": "",
    "serial used before with other content": "流水号已用于其他内容",
    "original not found": "",
    "original already undone": "原交易已撤销或冲正",
    "original of another clearing date": "原交易属于另一清算日期",
    "reversed before it arrived, or undone since": "到达前已被冲正, 或其后已撤销或冲正",
    "a debit batch holds this account": "该户在代扣批次中",
    "amount outside the limits": "",
    "original differs (kind, account, amount)": "交易种类、户号或金额与原交易不同",
    "reprint limit reached": "",
    "invoice is printed by the utility": "",
    "balance left by the original already used": "原交易留下的余额已使用",
    "must pay at the utility": "",
    "several accounts fit": "",
    "no such clearing date": "清算日期不存在",
    "clearing date still open": "该清算日期尚未日切",
    "bad file name or no such file": "文件名不合规或文件不存在",
    "file digest, header or rows wrong": "文件摘要、文件头或明细行不正确",
    "billing database not available; nothing was done": "营业数据库不可用, 未做任何处理",
    "outcome unknown; ask STATUS or send REVERSE": "请用 STATUS 查询或发 REVERSE",
    "internal error; nothing was done": "内部错误, 未做任何处理",
}

PHRASES = MappingProxyType(
    _HEADER | _LINK | _ACCOUNTS_AND_BILLS | _PAYMENTS | _HISTORY_INVOICE_TOTALS | _FILES | _PUSH | _VALUES | _CODES
)
"""English text of a meaning, or of the values that a field accepts -> Chinese."""
