"""Prose of the document of ELEC02's files ELEC02 批量文件文档正文: what their layouts cannot say themselves.

It stands behind that of the standard files; lines ``<<…>>`` are replaced as there.
"""

from types import MappingProxyType

_ENGLISH = """
# Batch files of ELEC02

A bank writes its files so when its own file says `files = "elec02"`, whatever dialect its messages are in.

- Names: `<file_prefix>dz<YYYYMMDD>.txt` reconcile detail, `<file_prefix>ds<YYYYMM><NN>.txt` debit list and
  `<file_prefix>dh<YYYYMM><NN>.txt` its result: the list's name with `h` for every `s`. `file_prefix` of the bank's
  file is 9 digits, 3 of the bank and 6 of the company; no two banks may have the same. A name with another prefix
  is another bank's and refused. The tables show a bank with `file_prefix = "123456789"`.
- There is no file of mandates: the standard WT file serves, which the utility may write itself. Reconcile results are
  not exchanged: they are read at the utility.
- GBK. LF behind each line, the last one too; CR LF is refused. A head, rows, nothing behind them. Fields have fixed
  sizes; those that are not used are blank when written and not looked at when read.
- Types: `cN` printable ASCII; `textN` GBK; `fenN` whole fen in digits; `nN` a number; `codeN` one of the values;
  `date`; `month`. Filled with spaces on the right when written; read with spaces on either side, and numbers with
  zeros in front.
- There is no tail, no CRC and no digest: nothing in a file shows that rows at its end are missing. Put it under
  another name and rename it when it is complete, and announce it (23 or 50); what has been announced is held
  against the file, see [elec02.md](elec02.md).

## dz Reconcile detail, ELEC02 对账明细

Every payment of the work date that stands: 11 and 20, nothing of payments that were cancelled and nothing of debit
batches, which are left out of the matching.

<<dz>>

- A payment of several bills has a row for each of them, one behind the other, with the same serial and, in each, the
  amount of the whole payment. They are one payment; a row that says something else than the one before it is refused.
- Counts and amounts of the head are not trusted: banks fill in one total twice. The rows are counted and summed up.

## ds Debit list, ELEC02 出盘

<<ds>>

## dh Debit result, ELEC02 回盘

<<dh>>

- `SucFlg`: 1 debited, 2 balance short, 3 account differs, 4 account closed, 5 other, 8 above the agreed limit, 9 no
  mandate. 3 and 4 are 02 of the standard result, 5 and 8 are 99.
- Rows, `CMM`, `CDN` and `CEM` must be count and sums of the rows, and `txnAmt` the sum of `YKDF` and `PCC`.
"""

_CHINESE = """
# ELEC02 批量文件

银行配置文件写明 `files = "elec02"` 时按此格式, 与其报文格式无关。

- 文件名: `<file_prefix>dz<YYYYMMDD>.txt` 对账明细, `<file_prefix>ds<YYYYMM><NN>.txt` 出盘,
  `<file_prefix>dh<YYYYMM><NN>.txt` 回盘: 即出盘文件名中的 `s` 均换为 `h`。`file_prefix` 写在银行配置文件中, 9 位数字:
  银行 3 位, 企业 6 位; 不得与其他银行相同。前缀不符的文件视为他行文件, 拒收。
  下表以 `file_prefix = "123456789"` 为例。
- 无代扣协议文件: 使用标准 WT 文件, 可由供电公司自行编制。不交换对账结果文件: 结果在供电公司查看。
- GBK。每行以 LF 结尾, 最后一行也是; CR LF 拒收。一行文件头, 若干明细行, 无文件尾。各域定长; 不使用的域写为空,
  接收时不看。
- 类型: `cN` 可见 ASCII; `textN` GBK; `fenN` 以分为单位的数字; `nN` 数字; `codeN` 所列取值之一; `date`; `month`。
  写出时右补空格; 接收时两侧空格均可, 数字左侧可补零。
- 无文件尾、无 CRC、无摘要: 文件本身看不出末尾缺行。请先以其他名称传送, 完整后再改名, 并发通知 (23 或 50);
  前置机以通知核对文件, 见 [elec02.zh-CN.md](elec02.zh-CN.md)。

## dz 对账明细 (ELEC02)

工作日期内有效的全部缴费: 11 和 20。已抹账的缴费不列; 批量代扣不列, 前置机对账时亦将其除外。

<<dz>>

- 一笔缴费含多笔应收时, 每笔应收一行, 依次排列, 流水号相同, 每行均为整笔缴费的金额。各行合为一笔缴费;
  与上一行不符的行使文件拒收。
- 文件头的笔数和金额不采信: 有银行将同一合计填写两次。笔数和合计以明细为准。

## ds 出盘 (ELEC02)

<<ds>>

## dh 回盘 (ELEC02)

<<dh>>

- `SucFlg`: 1 已扣款, 2 余额不足, 3 账号不符, 4 账户已销, 5 其他, 8 超过约定限额, 9 无协议。3 和 4 相当于标准回盘的 02,
  5 和 8 相当于 99。
- 行数、`CMM`、`CDN`、`CEM` 须与明细相符, `txnAmt` 须为 `YKDF` 与 `PCC` 之和。
"""

TEMPLATES = MappingProxyType({"en": _ENGLISH, "zh": _CHINESE})
"""By language."""
