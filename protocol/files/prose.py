"""Prose of the document of the standard files 批量文件文档正文: what their layouts cannot say themselves.

Lines ``<<…>>`` are replaced by tables that ``protocol.files.document`` makes from the layouts.
"""

from types import MappingProxyType

_ENGLISH = """\
# Batch files

The files that a bank and the front-end processor 前置机 (the *FEP*) exchange for reconciling 对账 and debit
batches 代扣. The tables here are generated from the layouts that files are read and written by.
中文版: [files.zh-CN.md](files.zh-CN.md).

## Names

<<names>>

`NN` counts the batches of a bank and month from 01. A file with any name has 1 to 64 letters, digits, `_`, `.`
and `-`, and does not begin with a dot.

## Lines

- Text in GB18030. Every line ends with CR LF, the last one too. No other control character, no byte order mark.
- One head, rows, one tail. Fields have fixed sizes and stand one behind the other: no separators.
- Types: `anN` printable ASCII, filled with spaces on the right; `nN` digits, zeros in front; `textN` N bytes of
  GB18030, filled with spaces on the right, too long a text cut between characters; `date` YYYYMMDD; `month`
  YYYYMM. Amounts are whole fen.
- Tail: `T` and the CRC-32 (that of zip and Ethernet) of every byte before it, the CR LF in front of it included,
  as 8 upper-case hexadecimal digits. It is 9 bytes.
- A file is read to its end and checked before its first row is used; of one that is not whole nothing is. A file
  without rows is a head and a tail.

A file of four requests (each line ends with CR LF):

    H010220261121000000040000000000011000
    D202611210000000000010102000000000001200200000000000120002
    D2026112100000000000201020000000002  200200000000000110001
    D202611210000000000030102000000000001200300000000000120001
    D202611210000000000040102000000000003200400000000000005004
    TDDB7614E

## DZ Reconcile detail 对账明细

Every PAY, CANCEL and REVERSE of one clearing date as the bank knows it.

<<DZ>>

- `txn`: 2002 PAY 交费, 2003 CANCEL 撤销, 2004 REVERSE 冲正. `state`: 1 posted (of a CANCEL or REVERSE: it took
  effect), 2 cancelled, 3 reversed, 4 reversed before arrival. A PAY that was undone later is listed with state 2
  or 3, and its CANCEL or REVERSE in a row of its own.
- `total` = sum of PAY, less CANCEL, less each REVERSE whose state is 1: one that undid nothing does not count. A
  PAY that never arrived (its REVERSE has state 4) is not listed.

## DZR Reconcile result 对账结果

<<DZR>>

- `class`: 1 matched, 2 amount differs, 3 state differs, 4 only bank 长款, 5 only FEP 短款, 6 in flight: carried
  to the next day. A row of class 5 is the FEP's own, every other the bank's.
- `total` is that of all rows of this file, as in DZ; where more was undone than paid it is zeros, for the field has
  no sign.

## WT Mandates 代扣协议

<<WT>>

- `action`: 1 the mandate begins, 2 it ends. One that begins names a `passbook`.

## DK Debit list 出盘

Every open bill of the accounts of one bank that have a mandate. Late fees are those of the batch: they do not
grow while it is out.

<<DK>>

- `total` = principal and late fee of all rows. What is to be debited for a row is their sum.

## DKR Debit result 回盘

The same head and rows, `total` too, and behind each row what the bank did.

<<DKR>>

- `result`: 00 debited, 01 balance short, 02 account wrong, 03 no mandate, 99 other.
- 00: `debited` is the amount, `debit_date` and `debit_serial` are the identity of the bank's payment, unique as
  that of any payment. Otherwise `debited` is zeros; date and serial may be zeros.

## How files are exchanged

A bank of the standard link sends its files with FILE_PUT, reads those that wait for it with FILE_GET and lists both
with FILE_LIST ([protocol.md](protocol.md), 4001 to 4003). On the FEP's side they stand in the directory that
`[files]` of `fep.toml` names, a folder for each bank; all daemons and jobs must see the same one:

```
DIRECTORY/<bank_code>/in/    complete files of the bank
DIRECTORY/<bank_code>/out/   complete files for the bank
DIRECTORY/<bank_code>/part/  what is not complete yet
```

- Under its own name a file stands whole or not at all. What comes from a bank has been read to its end and found
  right before it has its name, is never replaced, and can be sent again without any effect.
- A file comes in pieces of at most 2,048 bytes, each of them written before it is answered: a cut connection, a
  killed daemon or another one going on costs nothing but the piece that was under way. They are flushed to the disk
  when the file is complete, before it has its name; a power failure before that may cost the part, which the digest
  tells, and the bank sends it anew.
- A part belongs to a name and a digest. Other parts of the name are dropped when one is complete, and any part to
  which nothing was added for `part_age_max`. The daemon that works on one holds a lock (flock) on it, so the
  storage must have such locks, and hard links.
- A bank whose own format has no file transfer hands its files over by other means: put them into `in/` under their
  names, written aside and renamed. They are checked when they are used.
- Only regular files with a name of the bank's own are read, listed and written: no link, pipe or folder, nothing
  that begins with a dot. Files have mode 0640, folders 0750.
- A bank can fill no more than `bank_size_max` bytes with `in/` and `part/`; then it gets `1011` with the reason.
  Move old files away: a file that is gone may be sent again, so keep what later work still asks for.

## What a file is refused for

A file is refused whole, with the number of the first line that is wrong and the name of the field; what stands
in the field is not repeated. Count and total are compared at the end and reported of line 1. A field is refused
when it does not fit its type or values, with the words for it.

<<faults>>
"""

_CHINESE = """\
# 批量文件

银行与前置机为对账和代扣交换的文件。本文表格由前置机实际读写文件所用的格式描述生成。English: [files.md](files.md).

## 文件名

<<names>>

`NN` 为该银行当月批次, 从 01 起。任何文件名为 1 到 64 个字母、数字、`_`、`.`、`-`, 且不以点开头。

## 行

- GB18030 文本。每行以 CR LF 结尾, 最后一行也是。不含其他控制字符, 不含 BOM。
- 一行文件头, 若干明细行, 一行文件尾。各域定长, 依次排列, 无分隔符。
- 类型: `anN` 可打印 ASCII, 右补空格; `nN` 数字, 左补零; `textN` 为 N 字节 GB18030, 右补空格, 超长时在字符之间截断;
  `date` YYYYMMDD; `month` YYYYMM。金额以分为单位。
- 文件尾: `T` 加此前全部字节 (含其前的 CR LF) 的 CRC-32 (与 zip、以太网相同), 8 位大写十六进制数, 共 9 字节。
- 不完整的文件一概不用: 先读到末尾并检查, 再使用第一行明细。没有明细的文件为文件头加文件尾。

四笔交易的文件 (每行以 CR LF 结尾):

    H010220261121000000040000000000011000
    D202611210000000000010102000000000001200200000000000120002
    D2026112100000000000201020000000002  200200000000000110001
    D202611210000000000030102000000000001200300000000000120001
    D202611210000000000040102000000000003200400000000000005004
    TDDB7614E

## DZ 对账明细

银行所记的一个清算日期的全部交费、撤销、冲正。

<<DZ>>

- `txn`: 2002 交费, 2003 撤销, 2004 冲正。`state`: 1 已入账 (撤销、冲正为已生效), 2 已撤销, 3 已冲正,
  4 原交易未到先冲正。后来被撤销或冲正的交费列为状态 2 或 3, 其撤销或冲正另列一行。
- `total` = 交费合计, 减撤销, 减状态为 1 的冲正: 未冲掉任何交费的冲正不计。从未到达的交费 (其冲正状态为 4)
  不列。

## DZR 对账结果

<<DZR>>

- `class`: 1 一致, 2 金额不符, 3 状态不符, 4 银行多 (长款), 5 前置机多 (短款), 6 在途: 结转次日。
  5 类的行为前置机的记录, 其余为银行的记录。
- `total` 为本文件全部明细的合计, 算法同 DZ; 冲销多于交费时为全零, 因该字段不带符号。

## WT 代扣协议

<<WT>>

- `action`: 1 新增, 2 终止。新增时 `passbook` 必填。

## DK 出盘

一家银行有代扣协议的户的全部未缴电费。违约金为出盘时的金额: 代扣期间不再增长。

<<DK>>

- `total` = 全部明细的本金与违约金合计。每行应扣金额为两者之和。

## DKR 回盘

文件头和明细同出盘, `total` 也相同, 每行之后为扣款结果。

<<DKR>>

- `result`: 00 已扣款, 01 余额不足, 02 账号错, 03 无协议, 99 其他。
- 00: `debited` 为实扣金额, `debit_date` 和 `debit_serial` 为银行该笔交费的标识, 与任何交费一样唯一。
  否则 `debited` 为零; 日期和流水号可为零。

## 文件交换

标准接口的银行用 FILE_PUT 上传文件, 用 FILE_GET 下载, 用 FILE_LIST 列出
([protocol.zh-CN.md](protocol.zh-CN.md), 4001 至 4003)。前置机一侧, 文件位于 `fep.toml` 中 `[files]` 所指的目录,
每家银行一个子目录; 所有前置机进程和批处理须见到同一目录:

```
目录/<银行代码>/in/    银行发来的完整文件
目录/<银行代码>/out/   待银行下载的完整文件
目录/<银行代码>/part/  未传完的文件
```

- 以本名出现的文件必定完整。银行发来的文件先读到末尾、检查无误, 才有其本名; 此后不被替换, 重复发送不起任何作用。
- 文件分块传送, 每块至多 2048 字节, 写入之后才应答: 断线、进程被终止或换由另一进程接续, 至多损失传送中的一块。
  文件完整时先写盘, 再有其本名; 在此之前断电可能损坏已传部分, 由摘要发现, 银行须重新发送。
- 未传完的部分属于一个文件名和一个摘要。同名文件完整后, 其余部分即删除; 超过 `part_age_max` 无续传的也删除。
  处理中的进程对其加锁 (flock), 因此存储须支持文件锁和硬链接。
- 自有报文格式无文件传输的银行以其他方式交付文件: 先写到别处, 再以规定的文件名移入 `in/`。使用时检查。
- 只读取、列出和写入该银行自己文件名的普通文件: 不含链接、管道、目录和以点开头的文件。文件权限 0640, 目录权限 0750。
- 一家银行的 `in/` 和 `part/` 合计不超过 `bank_size_max` 字节, 超过时应答 `1011` 并说明原因。请移走旧文件;
  移走的文件可被再次发送, 后续处理仍需要的文件请保留。

## 拒收原因

文件整体拒收, 并说明第一个出错的行号和域名, 不重复域中内容。笔数与合计在末尾比较, 报为第 1 行。
域不符合其类型或取值时, 按域名说明。

<<faults>>
"""

TEMPLATES = MappingProxyType({"en": _ENGLISH, "zh": _CHINESE})
"""The document in each language, with a marker where a table goes."""
