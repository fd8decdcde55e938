"""Prose of the document of ELEC02 接口文档正文: what its description cannot say itself.

Lines ``<<…>>`` are replaced by tables that ``protocol.format_document`` makes from the description.
"""

from types import MappingProxyType

_ENGLISH = """\
# ELEC02

A power link as some banks speak it: fixed fields in GBK, no MAC, no keys. A bank speaks it when its file says
`dialect = "elec02"`; its frames call it by `node`. The tables here are generated from the description that the
front-end processor 前置机 (the *FEP*) runs on. 中文版: [elec02.zh-CN.md](elec02.zh-CN.md).

## Protection

There is no MAC, no encryption and no sign-in: whoever can send from the bank's addresses is believed. So the
bank's file needs `accept_no_mac = true`, addresses of the bank's own (`0.0.0.0/0` is refused) and, as
`line_protection`, what protects the line: it must be a leased one, or run through TLS or IPsec. The daemon
warns at each start (`no_mac` in the log), `fep check-config` does too, and `frame_without_mac` in `fep status`
counts the frames that were believed so.

## Connections and frames

    length 10 digits | header 113 or 175 bytes | body

- Such banks connect to a port of their own: that of the listener + 2, or what `dialect.elec02` in `[listener]`
  says.
- The length counts what follows it. Zeros and spaces on its left and spaces on its right are read; ours has
  zeros on the left. Another length than 113 to 65,536 ends the connection.
- One request on each connection: the FEP answers in one send and half-closes. A connection that says nothing
  for 10 s is closed.
- Text is GBK. Fields are filled with spaces on the right; on either side when read, and numbers with zeros too.
  Amounts are digits of fen, without point or sign.
- A request is identified by node, `WD0` and `CLZ`. The same request again gets the same reply; the same
  identity with another body gets `13`. The header does not belong to the content.

Types: `cN` printable ASCII; `textN` GBK; `fenN` an amount; `nN` a number; `date` YYYYMMDD; `month` YYYYMM.

A site chooses in `[dialect.elec02]` of `fep.toml` what the paper leaves open; the default stands first:

<<options>>

## Header of a request

<<request_head>>

`StartAddr` is the bank's node; `WTC` in a body is the same or blank.

## Header of a reply

<<reply_head>>

A reply whose return code is not `00` has no body; `ReturnMessage` says why.

## 10 Query 欠费查询

Returns the account and every bill that is open; `OweFeeAmt` is their sum less the balance. An account with more
than 99 open bills is answered `09`: it must pay at the utility. `CLZ` of the reply is a number of 12 digits
that the payment repeats as `OLZ`; it holds for 30 minutes (`query_age` in `[rules]`), for this bank and this
customer only.

<<message 10>>

## 11 Pay 缴费

Settles everything that is open. The rows must be exactly the open bills, each with its amount due of today, and
`KKA` must be `OweFeeAmt` of the query. Too little is answered `27`; any other difference, and an `OLZ` that names
no query of the last 30 minutes, `73`: query again.

<<message 11>>

## 12 Cancel 抹账

The teller's cancel and the bank's automatic reversal are one message, and both are taken as a reversal: the
payment is undone within its clearing date, once. When the utility has no such payment the reply is `15`, and it
has been noted: the payment cannot take effect any more, should it arrive later. With `cancel = "cancel"` nothing is
noted, and a payment that was undone before is answered `15` too.

<<message 12>>

## Files

Batch files go by FTP or SFTP, outside of the messages: the bank's program puts its files into `in/` of the bank's
folder at the FEP and takes the FEP's from `out/`. Layouts and names are in [files.md](files.md). Nothing in such a
file shows whether it is whole, so the notices say so: the header's `FileName` has the name.

### 23 Debit result ready 回盘, 50 reconcile file ready 对账

Sent by the bank when the file stands in `in/` under its final name. The FEP looks at the file then and there:

- `0d`: there is no such file, or the name is none of this bank's of that kind; `0g`: the file is not right, or
  `HAN` and `HAM` are not what its rows come to; `ReturnMessage` says which line and why. Send the notice again when
  the file has been mended.
- `00`: the file is noted as it stands, by its SHA-256; `CLZ` is the utility's number for it. Whoever uses the file
  later refuses it when it has been changed since, and a file that has not been noted is not used. The same notice
  again gets the same `CLZ`; a new one (another serial) notes the file anew.
- The file type `FIF` is not looked at. A bank that sends no such notices is one whose file leaves `file_notice` out of
  `transactions`: its files are used as they stand.

<<message 23>>

<<message 50>>

## What the FEP asks of the bank

Over connections that the FEP opens to `partner = "IP:PORT"` of the bank's file, one request on each; without
`partner` it asks nothing. The reply must come within `partner_timeout` of `[link]`, 10 s, and repeat the code and,
unless it is blank, `MesgID`.

<<own_head>>

The bank's reply has the header of 175 bytes; a `thdRspCde` other than `00` needs no body.

<<own_reply_head>>

### 90 sign-in 签到, 91 sign-out 签退

The FEP opens the bank's day when it starts and after each cut-off, and closes the old one first. It tries again,
after 5 s at first and every 5 minutes at last, until the bank agrees; payments never wait for it. Each daemon signs
in for itself: where several serve one site the bank gets a 90 from each, and at the cut-off a 91 for the old day and
a 90 for the new one from each, told apart by `WdoDat`. A daemon that stops signs nothing out, so a day stays open
over a restart.

<<own 90>>

### 20 debit of one bill 单笔扣款

`62`, `63` and `73` to `78` say that the account was not debited. Any other code but `00`, and no answer, leave it
open.

<<own 20>>

### 22 debit list ready 出盘

When the list stands in `out/`: `fep debit export` sends it, and `fep partner notify` again when it is not certain
that the bank has got it; more than once is harmless. `recordNum` of the header has the rows.

<<own 22>>

### 24 cancel a debit list 撤销批次

Before the utility frees the bills of a list that never came back. `QSFlg` 1, cancelled, and 4, no such batch, both
mean that the bank will not debit it; with anything else, and without an answer, the bills stay as they are.

<<own 24>>

## Return codes

<<codes>>

`27`: the amount is less than what is payable. `15` in reply to 12 also says that the payment never arrived.

An outcome that is not known is not answered: no code says so, and any other would be taken for one. The
connection closes; repeat the request, or send 12.

## Where the paper is silent

| question | what the FEP does |
|---|---|
| `OLZ` of 11 has 12 bytes, elsewhere 16 | the reference has 12 digits, so nothing is lost; `reference` |
| justification of amounts and numbers | ours on the left with spaces, or as `amounts` says; any is read |
| `recordNum` of a request | not looked at: the rows are counted by the length |
| `QFG`, `JYF`, `MNT`, `CHG`, `PDP`, `8ED`, `FYM` | not looked at; all open bills are returned and paid |
| `PCF` | `0`: no part payment |
| what identifies a repeat | node, `WD0` and `CLZ`, not `MesgID` |
| a repeated 11 with the same serial | the first reply again |
| the date of an original in 12 | any; one of another clearing date gets `14` |
| instrument and channel, which the wire does not say | transfer, counter |
| whether a connection may stay open | it may not, unless `connections = "many"`; then it ends after 70 s of silence |
| cancel or reversal | a reversal, unless `cancel = "cancel"` |
"""

_CHINESE = """\
# ELEC02

部分银行使用的电力接口: GBK 定长域, 无 MAC, 无密钥。银行配置文件写明 `dialect = "elec02"` 即按此接口通讯, 报文中
以 `node` 为该行节点代码。 本文表格由前置机实际使用的描述生成。English: [elec02.md](elec02.md).

## 防护

无 MAC、无加密、无签到: 凡能从该行地址发报文者均被采信。因此银行配置文件须写明 `accept_no_mac = true`, 地址须为
该行自己的地址 (不接受 `0.0.0.0/0`), 并以 `line_protection` 写明线路由什么保护: 须为专线, 或经 TLS、IPsec。
守护进程每次启动时告警 (日志 `no_mac`), `fep check-config` 亦告警;
`fep status` 的 `frame_without_mac` 为据此采信的报文数。

## 连接与报文帧

    长度 10 位数字 | 报文头 113 或 175 字节 | 报文体

- 此类银行接入单独的端口: 监听端口加 2, 或 `[listener]` 中 `dialect.elec02` 所写的地址。
- 长度为其后的字节数。左侧的零和空格、右侧的空格均可; 前置机发出的左补零。长度不在 113 至 65,536 之间即断开连接。
- 每个连接一笔请求: 前置机一次发出应答后半关闭。连接后 10 秒内无报文即断开。
- 文本为 GBK。域左对齐右补空格; 接收时两侧空格均可, 数字左侧可补零。金额为以分为单位的数字, 无小数点、无符号。
- 节点、`WD0`、`CLZ` 标识一笔请求。同一请求重发得到同一应答; 同一标识而报文体不同, 应答 `13`。报文头不属于内容。

类型: `cN` 可见 ASCII; `textN` GBK; `fenN` 金额; `nN` 数字; `date` YYYYMMDD; `month` YYYYMM。

文件未写明之处由 `fep.toml` 的 `[dialect.elec02]` 选定, 首个为缺省:

<<options>>

## 请求报文头

<<request_head>>

`StartAddr` 为该行节点代码; 报文体中的 `WTC` 与之相同或为空。

## 应答报文头

<<reply_head>>

返回码不是 `00` 的应答没有报文体, 原因见 `ReturnMessage`。

## 10 欠费查询

返回用户及全部未结清的应收; `OweFeeAmt` 为其合计减预存余额。未结清应收多于 99 笔的户应答 `09`: 须到供电公司办理。
应答的 `CLZ` 为 12 位数字, 缴费时作为 `OLZ` 送回; 30 分钟内有效 (`[rules]` 中的
`query_age`), 仅限该行、该户。

<<message 10>>

## 11 缴费

结清全部欠费。明细行必须恰为全部未结清的应收, 金额为当日应缴金额, `KKA` 须等于查询应答的 `OweFeeAmt`。
金额不足应答 `27`; 其他不符, 或 `OLZ` 不是 30 分钟内的查询, 应答 `73`: 请重新查询。

<<message 11>>

## 12 抹账

柜员撤销与银行自动冲正为同一报文, 均按冲正处理: 在清算日内将该笔缴费抹去一次。供电方无此缴费时应答 `15`, 同时已
登记: 该笔缴费其后到达也不再生效。`cancel = "cancel"` 时不登记, 已撤销过的缴费亦应答 `15`。

<<message 12>>

## 文件

批量文件经 FTP 或 SFTP 传送, 不经报文: 银行程序将文件放入前置机上该行目录的 `in/`, 并从 `out/` 取走前置机的文件。
格式和文件名见 [files.zh-CN.md](files.zh-CN.md)。文件本身看不出是否完整, 由通知说明: 文件名在报文头 `FileName`。

### 23 回盘文件通知, 50 对账文件通知

文件以最终名称放入 `in/` 后由银行发出。前置机当即查看文件:

- `0d`: 无此文件, 或不是该行此类文件的名称; `0g`: 文件内容错, 或 `HAN`、`HAM` 与明细不符; `ReturnMessage` 说明哪一行、
  何种原因。改正后请重新发送通知。
- `00`: 文件按其 SHA-256 登记, `CLZ` 为供电方的登记流水。此后文件若有改动, 使用时拒收; 未登记的文件不予使用。
  同一通知重发得到同一 `CLZ`; 新通知 (流水号不同) 重新登记。
- 不看文件类型 `FIF`。银行不发此类通知时, 在其配置文件的 `transactions` 中去掉 `file_notice`: 其文件按现状使用。

<<message 23>>

<<message 50>>

## 前置机向银行的请求

前置机主动连接银行配置文件中 `partner = "IP:端口"` 所写的地址, 每个连接一笔请求; 未写 `partner` 则不请求。
应答须在 `[link]` 的 `partner_timeout` (10 秒) 内到达, 并重复交易码; `MesgID` 不为空时亦须相同。

<<own_head>>

银行的应答报文头为 175 字节; `thdRspCde` 不是 `00` 时可无报文体。

<<own_reply_head>>

### 90 签到, 91 签退

前置机启动时及每次日切后打开该行营业日, 此前先关闭旧日。未成功则重试, 间隔由 5 秒渐增至 5 分钟; 交费从不等待签到。
每个前置机进程各自签到: 同一站点有多个进程时, 银行会收到每个进程的 90, 日切时再收到每个进程对旧日的 91 与对新日的 90,
以 `WdoDat` 区分。进程停止时不签退, 因此重启后营业日仍然有效。

<<own 90>>

### 20 单笔扣款

`62`、`63` 及 `73` 至 `78` 表示未扣款。`00` 以外的其他返回码, 以及无应答, 均为结果未知。

<<own 20>>

### 22 出盘文件通知

出盘文件放入 `out/` 后由 `fep debit export` 发出; 不能确定银行是否收到时, 由 `fep partner notify` 再次发出,
重复无害。报文头 `recordNum` 为明细行数。

<<own 22>>

### 24 撤销批次

供电方释放一直未回盘的批次之前发出。`QSFlg` 为 1 (已取消) 或 4 (无此批次) 均表示银行不再扣款; 其他应答或无应答时,
该批应收保持原状。

<<own 24>>

## 返回码

<<codes>>

`27`: 金额小于应交金额。12 的应答 `15` 亦表示该笔缴费从未到达。

结果未知时不应答: 没有表示未知的返回码, 其他返回码会被误解。连接关闭; 请重发该请求, 或发 12。

## 文件未写明之处

| 问题 | 前置机的做法 |
|---|---|
| 11 的 `OLZ` 为 12 字节, 别处为 16 | 查询凭据为 12 位数字, 不会丢失; `reference` |
| 金额和数字的对齐 | 发出左对齐补空格, 或依 `amounts`; 接收均可 |
| 请求的 `recordNum` | 不看, 行数由长度算出 |
| `QFG`、`JYF`、`MNT`、`CHG`、`PDP`、`8ED`、`FYM` | 不看; 返回并结清全部未结清的应收 |
| `PCF` | `0`: 不允许部分缴费 |
| 重发以何为准 | 节点、`WD0`、`CLZ`, 不是 `MesgID` |
| 同一流水重发 11 | 再次返回首次应答 |
| 12 的原交易日期 | 不限; 属另一清算日的应答 `14` |
| 报文未写明的支付工具和渠道 | 转账、柜台 |
| 连接可否保持 | 不可, 除非 `connections = "many"`; 此时静默 70 秒后断开 |
| 撤销还是冲正 | 冲正, 除非 `cancel = "cancel"` |
"""

TEMPLATES = MappingProxyType({"en": _ENGLISH, "zh": _CHINESE})
"""By language."""
