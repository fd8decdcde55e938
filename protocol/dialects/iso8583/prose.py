"""Prose of the document of ISO 8583 接口文档正文: what its description cannot say itself, and example messages.

Lines ``<<…>>`` are replaced by tables that ``protocol.format_document`` makes from the description.
"""

from types import MappingProxyType

_EXAMPLES = MappingProxyType(
    {
        ("sign-on", "签到"): (
            "013408008238000108010000040000000000000111221015300000011015301122040901000000000001032000"
            "102030405060708090A0B0C0D0E0F0019303E452845BE4ED"
        ),
        ("sign-on reply", "签到应答"): (
            "02300810823A00010A010800040000000000000111221015310000011015301122112204090100000000000100"
            "106000102030405060708090A0B0C0D0E0F000000000100000864002026112210153171D802127C393F0F80749"
            "7F47CE4AA4BF1B4384A0000000000000000001B436B3EADA6B9C8E"
        ),
        ("query", "查询"): (
            "016601002238000108C1880131000011221015300000021015301122040901000000000002T000004209010017"
            "       0350100000001                      10115600000000000000018217F49F4612878A"
        ),
        ("query reply", "查询应答"): (
            "04260110223A00010AC1880131000011221015310000021015301122112204090100000000000200T000004209"
            "010017       2890100000001                      王建国                                  人民路1号"
            "                                                   0101    1110000000000000000000000012345"
            "0000000000015000000000012495000000000124950010120261001B0000000000000010000022450000000000"
            "123450000000000015020261101115600000000000000019201E3D939C919C4"
        ),
        ("payment", "交费"): (
            "022302003238000108C1880150000000000001249511221015300000031015301122040901000000000003T000"
            "004209010017       0800100000001                      6222021234567890                2000"
            "00000001249515600000000000000015364B1F1EC6649D3"
        ),
        ("payment reply", "交费应答"): (
            "03220210323A00010AC18801500000000000012495112210153100000310153011221122040901000000000003"
            "00T000004209010017       1730100000001                      王建国                           "
            "       0100000000420000000001234500000000000150000000000000000000000000000000001          "
            "      2026102026101560000000000000001B5286206D8A2D9B8"
        ),
        ("reversal", "冲正"): (
            "019704003238000108C1880150000000000001249511221015300000041015301122040901000000000004T000"
            "004209010017       0540100000001                      202611220000000000030015600000000000"
            "00001B16BF5DBD360A769"
        ),
        ("reversal reply", "冲正应答"): (
            "02340410323A00010AC18801500000000000012495112210153100000410153011221122040901000000000004"
            "00T000004209010017       0850100000001                      010000000043010000000042000000"
            "00000000000000000124951156000000000000000177BD53501BE0CCCF"
        ),
        ("refusal", "拒绝"): (
            "01610210323A00010AD08801500000000000012495112210153100000310153011221122040901000000000003"
            "13T000004209010017       132003 金额不符1560000000000000001831334CF8CFFC05F"
        ),
    }
)
"""Frames in characters, by what they are called in English and Chinese."""


def _examples(language: int) -> str:
    return "\n\n".join(f"{names[language]}:\n\n    {frame}" for names, frame in _EXAMPLES.items())


_ENGLISH = """\
# ISO 8583:1987

The profile of ISO 8583:1987 in which a bank's host may ask this front-end processor 前置机 (the *FEP*): what a jPOS or
pyiso8583 user needs to connect. A bank speaks it when its file says `dialect = "iso8583"`. The tables here are
generated from the description that the FEP runs on. 中文版: [iso8583.zh-CN.md](iso8583.zh-CN.md).

## Connections and frames

    length | MTI | bitmaps | data elements | MAC

- Such banks connect to a port of their own: that of the listener + 1, or what `dialect.iso8583` in `[listener]` says.
- One bank to a connection, many requests on it, answered in any order: match replies by DE 37, or by DE 11 and DE 7's
  day. The FEP answers within 10 s; after 30 s without a reply the outcome is unknown: repeat (0201) or reverse (0400).
- The length counts what follows it, at most 4,096 bytes. There is no TPDU and no header before the MTI.
- Numbers (`n`) have zeros in front, text (`ans`) has spaces behind. Text is GBK and is counted in bytes.
- In DE 48, fields stand at fixed offsets; amounts are fen. Types: `cN` printable ASCII, `textN` GBK, `nN` and `fenN`
  digits, `codeN` one of the values that are listed, `hexN` hexadecimal digits, upper-case in ours.
- Several connections of one bank are allowed. One from an address that is no bank's is closed without an answer.

A site chooses the form in `[dialect.iso8583]` of `fep.toml`, the same for all banks on that port:

<<options>>

| form | jPOS |
|---|---|
| `digits`, `ascii` | `ASCIIChannel` with `ISO87APackager` |
| `binary`, `packed` | `NACChannel` without TPDU, with `ISO87BPackager` |

Packed: the MTI and numbers are BCD, fixed ones of odd length with a zero in front, LLVAR ones with a zero behind;
lengths are BCD, of LLVAR 1 byte and of LLLVAR 2; bitmaps and MAC are bytes; text is as it is. Characters with
binary bitmaps are not offered.

DE 44 and DE 48 hold GBK. pyiso8583: its `default_ascii` with `data_enc` of 44 and 48 set to `gbk`. jPOS: take the
bytes of the field's string in ISO-8859-1 and decode them as GBK. A character that GBK lacks becomes `?`.

## Messages

| MTI | told apart by | what | reply |
|---|---|---|---|
| 0800 | DE 70 = 001, 002, 101, 301 | sign-on, sign-off, key change, echo | 0810 |
| 0100 | | query of an account (DE 3 = 310000) | 0110 |
| 0200 | DE 3 = 500000, 210000, 200000 | payment of all that is due, deposit, cancel | 0210 |
| 0400, 0420 | | reversal, reversal advice | 0410, 0430 |
| 0500 | | totals of a clearing date | 0510 |

0101, 0201, 0401, 0421 and 0501 repeat 0100, 0200, 0400, 0420 and 0500 and mean the same.

## Elements of every request

M must be there, O may be. DE 4 and DE 48 stand with each message below.

<<request_head>>

DE 2, 14, 18, 19, 22 to 26, 33, 35, 38, 43, 45, 54, 59, 61, 62, 63, 66, 90, 100, 102 and 103 are read over. Any other
element is refused with `30`, and the FEP's log names it. The MAC is the last element: DE 128 when there is an element
above 64, else DE 64.

## Elements of every reply

What the request did not have, the reply leaves out.

<<reply_head>>

A reply that is not approved has no DE 48 but DE 44: the exact code of four digits, a space, and why, in Chinese.

## MAC

- Over the whole message without its length field: from the MTI to the last byte before the MAC's own value. The MAC's
  bit in the bitmap is set. In jPOS: pack with eight zero bytes as MAC, MAC what stands before them, put it in.
- The algorithm is that of the bank's suite, 8 bytes: `3des` and `des` ANSI X9.19 and X9.9, `aes` and `sm4` CMAC cut
  to 8 bytes, `cups` its ECB form. [protocol.md](protocol.md) tells each.
- Sign-on and key change are MACed under AK, request and reply; everything else under the session MAK of the version in
  DE 53. A reply that nothing could authenticate (`77`, `A0`, `A7`, `31`) has zeros as MAC, and no DE 15 before
  sign-on.
- **Treat a reply whose MAC is zeros or wrong as no reply**: of a payment the outcome stays unknown, and nothing may be
  given back for it.
- The third wrong MAC in a row ends the connection.

## Identity, repeats, reversals

- A request is identified by bank, DE 13 (with the year nearest to today) and DE 37. Its content is what it is, DE 4 and
  DE 48. The same identity with the same content gets the first reply again, whatever connection or MTI it comes on;
  with another content `94`.
- A reversal has a DE 37 of its own and names the original in DE 48. The original may not have arrived: then it never
  takes effect, and the reply says outcome 2.
- A cancel needs its original, of the same clearing date and not undone: else `25`, `80`, `26`.
- DE 13 of money requests may differ from today by a day. DE 37 is neither blank nor zeros; payments, cancels and
  reversals share one range of serials.

## 0800 sign-on 签到, sign-off 签退, key change 密钥更换, echo 线路测试

The bank signs on first, within 10 s of connecting; DE 12 and DE 13 may differ from our clock by 5 minutes. It then
proves its keys with any message under them, an echo at best. Keys last `key_lifetime` seconds, then business is
answered `A7`: change keys before. On a line that is idle for 60 s the FEP sends 0800 with DE 70 = 301 itself; the bank
answers 0810 with DE 39 = 00 and repeats DE 11, 32, 37, 53 and 70, else the connection closes 10 s later.

Sign-on and key change have no DE 53, or zeros in it: they are signed by AK, not by session keys. The old session keys
hold for 60 s after a key change; a further one while two are valid is answered `91`. A connection whose new keys are
not used within 70 s of sign-on is closed.

<<message 0800 001>>

The FEP's own echo:

<<own_head>>

DE 70 is `301`.

## 0100 query 欠费查询

Eleven bills a page, oldest first; ask for the next page when there are more.

<<message 0100>>

## 0200 payment 交费 and deposit 预存

With DE 3 = 500000 the amount must be exactly `payable`; with 210000 any amount is taken, whole bills are settled oldest
first, and the rest stays as balance.

<<message 0200 500000>>

## 0200 cancel 撤销, 0400 and 0420 reversal 冲正

DE 4 is the amount of the original.

<<message 0400>>

## 0500 totals 对总账

Counted are payments, undone later or not; cancels that were approved; reversals with outcome 1. A day that is still
open is answered `00` with DE 66 = 3 and the totals so far.

<<message 0500>>

## Response codes

Those of ISO 8583 and UnionPay as far as they go; DE 44 has the exact one.

<<codes>>

`68` says that the outcome is not known: repeat, or reverse within the clearing date; after the cut-off repeat, and
reconciliation settles what is left. `91` says that nothing was done.

## Examples

AK `404142434445464748494A4B4C4D4E4F`, KEK `505152535455565758595A5B5C5D5E5F`, suite `3des`, form `digits` and `ascii`;
the session MAK is `61626464676768686B6B6D6D6E6E7070`. The first four bytes are the length.

{examples}
"""

_CHINESE = """\
# ISO 8583:1987

银行主机按 ISO 8583:1987 接入本前置机所用的规范, jPOS 或 pyiso8583 用户据此即可接入。银行配置文件写明
`dialect = "iso8583"` 即按此接口通讯。本文表格由前置机实际使用的描述生成。English: [iso8583.md](iso8583.md).

## 连接与报文帧

    长度 | MTI | 位图 | 数据元 | MAC

- 此类银行接入单独的端口: 监听端口加 1, 或 `[listener]` 中 `dialect.iso8583` 所写的地址。
- 每个连接一家银行, 可连续发送多笔请求, 应答次序不定: 按域 37 匹配, 或按域 11 与域 7 的日期匹配。前置机 10 秒内应答;
  30 秒无应答即结果未知: 请重发 (0201) 或冲正 (0400)。
- 长度为其后的字节数, 最大 4,096。MTI 之前没有 TPDU 或其他报文头。
- 数字 (`n`) 左补零, 文本 (`ans`) 右补空格。文本为 GBK, 按字节计长。
- 域 48 内各项位置固定; 金额单位为分。类型: `cN` 可见 ASCII, `textN` GBK, `nN` 和 `fenN` 数字, `codeN` 所列值之一,
  `hexN` 十六进制数字 (前置机发出的为大写)。
- 同一银行可有多个连接。来自非银行地址的连接直接关闭, 不应答。

形式由 `fep.toml` 的 `[dialect.iso8583]` 选定, 该端口的银行相同:

<<options>>

| 形式 | jPOS |
|---|---|
| `digits`, `ascii` | `ASCIIChannel` 配 `ISO87APackager` |
| `binary`, `packed` | `NACChannel` (无 TPDU) 配 `ISO87BPackager` |

`packed`: MTI 和数字为 BCD, 定长奇数位左补零, LLVAR 奇数位右补零; 长度为 BCD, LLVAR 1 字节, LLLVAR 2 字节;
位图和 MAC 为二进制; 文本不变。不提供字符形式配二进制位图。

域 44 和域 48 为 GBK。pyiso8583: 用 `default_ascii`, 将 44 和 48 的 `data_enc` 改为 `gbk`。jPOS: 取该域字符串的
ISO-8859-1 字节, 再按 GBK 解码。GBK 没有的字符以 `?` 代替。

## 报文

| MTI | 区分 | 交易 | 应答 |
|---|---|---|---|
| 0800 | 域 70 = 001, 002, 101, 301 | 签到、签退、密钥更换、线路测试 | 0810 |
| 0100 | | 欠费查询 (域 3 = 310000) | 0110 |
| 0200 | 域 3 = 500000, 210000, 200000 | 缴清、预存、撤销 | 0210 |
| 0400, 0420 | | 冲正、冲正通知 | 0410, 0430 |
| 0500 | | 对总账 | 0510 |

0101、0201、0401、0421、0501 分别为 0100、0200、0400、0420、0500 的重发, 含义相同。

## 请求的公共数据元

M 必须, O 可选。域 4 和域 48 见下列各报文。

<<request_head>>

域 2、14、18、19、22 至 26、33、35、38、43、45、54、59、61、62、63、66、90、100、102、103 不予理会。其他域应答 `30`,
前置机日志写明是哪个域。MAC 为最后一个域: 有 64 以上的域时为域 128, 否则为域 64。

## 应答的公共数据元

请求中没有的, 应答中也没有。

<<reply_head>>

未成功的应答没有域 48, 而有域 44: 四位原因码、空格、中文原因。

## MAC

- 范围为不含长度的整个报文: 从 MTI 到 MAC 值之前的最后一个字节, 位图中 MAC 位已置位。jPOS 中: 以八个零字节作 MAC 打包,
  对其前的内容计算, 再填入。
- 算法依该行套件, 8 字节: `3des` 和 `des` 为 ANSI X9.19 和 X9.9, `aes` 和 `sm4` 为 CMAC 取前 8 字节,
  `cups` 为其 ECB 算法, 见 [protocol.zh-CN.md](protocol.zh-CN.md)。
- 签到和密钥更换的请求与应答用 AK; 其余用域 53 所示版本的会话 MAK。无法认证的应答 (`77`、`A0`、`A7`、`31`) MAC 为零,
  签到前的应答没有域 15。
- **MAC 为零或错误的应答视为没有应答**: 交费的结果仍为未知, 不得据此退款。
- 连续第三次 MAC 错即断开连接。

## 标识、重发、冲正

- 银行、域 13 (取最接近今天的年份)、域 37 标识一笔请求。内容为交易种类、域 4 和域 48。标识与内容相同者,
  无论来自哪个连接、何种 MTI, 均得到首次应答; 内容不同则应答 `94`。
- 冲正有自己的域 37, 原交易写在域 48。原交易可能未到达: 则其后也不再生效, 应答的处理结果为 2。
- 撤销须有同一清算日、尚未撤销的原交易, 否则应答 `25`、`80`、`26`。
- 资金类请求的域 13 与当日相差不得超过一天。域 37 不得为空或全零; 交费、撤销、冲正共用一个流水号范围。

## 0800 签到、签退、密钥更换、线路测试

连接后 10 秒内须先签到; 域 12、域 13 与前置机时钟相差不得超过 5 分钟。
随后以任一用会话密钥的报文证明密钥, 最好为线路测试。
密钥有效 `key_lifetime` 秒, 过期后业务应答 `A7`, 请提前更换。
线路空闲 60 秒时前置机自行发 0800 (域 70 = 301);
银行应答 0810, 域 39 为 00, 域 11、32、37、53、70 同请求, 否则 10 秒后断开连接。

签到和密钥更换没有域 53, 或为零: 它们用 AK 而不是会话密钥计算 MAC。更换密钥后旧密钥仍有效 60 秒;
两套密钥均有效时再次更换应答 `91`。签到后 70 秒内未使用新密钥即断开连接。

<<message 0800 001>>

前置机的线路测试:

<<own_head>>

域 70 为 `301`。

## 0100 欠费查询

每页十一笔应收, 由旧到新; 多于一页时请查询下一页。

<<message 0100>>

## 0200 缴清与预存

域 3 = 500000 时金额须恰为 `payable`; 210000 时金额不限, 由旧到新整笔销账, 余额留作预存。

<<message 0200 500000>>

## 0200 撤销, 0400 和 0420 冲正

域 4 为原交易金额。

<<message 0400>>

## 0500 对总账

统计范围: 交费, 其后是否撤销均计; 已成功的撤销; 处理结果为 1 的冲正。
尚未日切的日期应答 `00`, 域 66 = 3, 为截至目前的数。

<<message 0500>>

## 应答码

尽量采用 ISO 8583 与银联的应答码; 确切原因见域 44。

<<codes>>

`68` 表示结果未知: 请重发, 或在清算日内冲正; 日切之后请重发, 其余由对账解决。`91` 表示未作任何处理。

## 示例

AK `404142434445464748494A4B4C4D4E4F`, KEK `505152535455565758595A5B5C5D5E5F`, 套件 `3des`, 形式 `digits` 与 `ascii`;
会话 MAK 为 `61626464676768686B6B6D6D6E6E7070`。前四字节为长度。

{examples}
"""

TEMPLATES = MappingProxyType(
    {"en": _ENGLISH.replace("{examples}", _examples(0)), "zh": _CHINESE.replace("{examples}", _examples(1))}
)
"""By language."""
