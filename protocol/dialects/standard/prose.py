"""Prose of the interface document 接口文档正文: what the descriptions of the standard link cannot say themselves.

Lines ``<<…>>`` are replaced by tables that ``protocol.document`` makes from the descriptions.
"""

TEMPLATE = """\
# Interface document for banks 银行接口文档

Standard link 标准接口, version 1. A bank's front end (the *bank* below) connects by TCP to the power utility's
front-end processor 前置机 (the *FEP*) and asks; the FEP answers. The field tables and the response codes in this
document are generated from the descriptions that the FEP itself runs on, so they are what it does.

**What a bank may rely on.** A reply `0000` to a money request, with a right MAC, means that the effect is
durable and has happened exactly once. Without such a reply ask STATUS, or send REVERSE within the clearing
date. Nothing else is possible, whatever is killed, cut off or repeated.

**Golden vectors 标准测试向量.** [tests/vectors/standard.json](../tests/vectors/standard.json) holds whole frames in hex
with their keys and fields, and MACs, key check values and wrapped keys of every suite. An implementation that
reproduces them is right. Its keys are for tests only.

中文版: [protocol.zh-CN.md](protocol.zh-CN.md).

## 1. Frame 报文帧

    length u16 | header 96 bytes | body | MAC 8 bytes

- `length` counts the bytes behind it, not itself. It is at least 104 and at most 8192; for any other value the
  FEP closes the connection at once, without a reply, because it can no longer tell where a frame begins.
- The body has one fixed size for each transaction and direction, always a multiple of 16 bytes. No cipher and
  no MAC needs padding.
- Integers are big-endian.
- The bank may send further requests before the first is answered. Replies may come in another order; match them
  by `bank_date` and `bank_serial`.
- A bank may hold several connections at once. Each signs in by itself and has session keys of its own; a reply
  comes on the connection of its request, and a repeat may come on any.
- A frame that has begun must be complete within 10 s, and the sign-in must be done within 10 s of connecting,
  else the FEP closes.

### Field types 域类型
| type | bytes | content |
|---|---|---|
| `u8` `u16` `u32` `u64` | 1, 2, 4, 8 | unsigned integer |
| `i64` | 8 | signed integer, two's complement |
| `fen` | 8 | `i64`, money in fen 分 (1/100 yuan) |
| `kwh` | 8 | `i64`, energy in 1/100 kWh |
| `anN` | N | printable ASCII (20 to 7E hex), left-justified, padded with spaces; no space in front |
| `nN` | N | ASCII digits, right-justified, padded with `0` |
| `textN` | N | GB18030, left-justified, padded with spaces; cut between characters, never inside one |
| `date` | 8 | YYYYMMDD, Asia/Shanghai; must exist in the calendar. All zeros: absent, where the table allows it |
| `month` | 6 | YYYYMM. All zeros: absent, where the table allows it |
| `time` | 6 | HHMMSS, 000000 to 235959. All zeros: midnight |
| `bytes N` | N | as they are |
| `rsv N` | N | zero bytes. Anything else in a request is answered `1003`; ignore them in a reply |

An integer field whose table lists values takes no other: a request with another is answered `1003`.

### Header 报文头
<<header>>

`bank_time` is the Asia/Shanghai wall clock, of the same day as `bank_date` in 1001 and 1003.

`bank_serial` is the identity of some requests and a mere label of the others:

| requests | what `bank_serial` is |
|---|---|
| PAY, CANCEL, REVERSE | identity; the three share one space for each bank and `bank_date` (section 5) |
| INVOICE | identity in a space of its own; sent again with the same content it is answered again and not counted |
| all others | only matches the reply to its request; not zero, and nothing is remembered of it |

A reply repeats `txn_code` and everything from `bank_code` to `bank_serial` byte for byte from its request. In
the reply to a money request `fep_serial` numbers the movement and `clearing_date` is the day it belongs to; in
a repeated reply (REPEAT set) both are those of the first. In other replies `fep_serial` is zeros and
`clearing_date` is what the FEP last knew, zeros while it knows none. A bank counts on neither order nor
completeness of `fep_serial`: they are unique, no more.

In a request, everything that the table calls spaces or zeros must be so, and no flag but ENCRYPTED may be set;
else `1003`.

### Error reply 错误应答
A reply whose `response_code` is not `0000` has this body, whatever its transaction. Read the header first, then
choose the body.

<<error>>

### Directions 方向
The bank sends all requests but two: ECHO may come from either side, 5001 BILL_PUSH comes from the FEP. In the FEP's
requests `bank_serial` is zeros and `fep_serial` numbers them; `branch_code` and `teller_id` are spaces, `channel` is
00 in ECHO and 02 in 5001, `clearing_date` zeros, `bank_date` and `bank_time` the FEP's wall clock. The bank's reply
repeats all of that, `fep_serial` too. A
frame with RESPONSE that answers nothing is dropped and counted, and a frame with RESPONSE is never answered;
but when its MAC is wrong, it counts as a MAC failure.

## 2. Security 安全

The utility and the bank agree on one **suite**, and load two keys by key ceremony: `AK` authenticates sign-in
and key exchange, `KEK` wraps the session keys. Sign-in gives the connection its session keys: `MAK` for MACs,
`TEK` for encryption. They die with the connection.

| suite | AK, KEK, MAK, TEK bytes | MAC | body cipher | key wrap |
|---|---|---|---|---|
| `3des` (default) | 16, 16, 16, 16 | ANSI X9.19 | 2-key 3DES-CBC | 3DES-ECB |
| `aes` | 16, 16, 16, 16 | AES-CMAC, left 8 bytes | AES-128-CBC | AES-ECB |
| `sm4` | 16, 16, 16, 16 | SM4-CMAC, left 8 bytes | SM4-CBC | SM4-ECB |
| `des` | 16, 16, 8, 8 | ANSI X9.9, zero IV; under AK ANSI X9.19 | DES-CBC | 3DES-ECB |
| `cups` | 16, 16, 16, 16 | CUPS ECB MAC, 3DES; first 8 upper-case hex characters | 2-key 3DES-CBC | 3DES-ECB |

- `des` and `cups` protect against line errors, not against an attacker. They are for old peers, behind TLS or
  IPsec, and only after the utility has allowed them for this bank.
- The MAC covers header and body exactly as they are sent: encrypt first, then MAC. The length field is not
  covered.
- 1001 and 1003 are MACed with AK, both ways, with `key_version` 0. Every other frame is MACed with the MAK of
  the version it names. A reply uses the version of its request.
- While keys are changed, the utility accepts the old pair of AK and KEK beside the new one, between two moments
  that both sides have agreed on. A reply to 1001 or 1003 has its MAC under the AK of its request, and wraps under
  the KEK of the same pair. Connections go on.
- Encryption covers the body only: CBC, with E_TEK(`nonce`, zeros on its right up to the block) as IV. Take a
  new random nonce for each frame. Whether a bank must, may or must not encrypt is agreed; what does not fit is
  answered `1009`. A reply is encrypted exactly when its request was. 1001, 1003 and frames without a body are
  never encrypted: ENCRYPTED on one of them is answered `1003`.
- The parity bits of DES keys (the low bit of each byte) are neither set nor checked; do not refuse a session key
  because of them.
- A wrapped key of 8 bytes stands in the left half of its field, zeros in the right.
- Key check value 密钥校验值: the left 4 bytes of the encryption of zeros under the key, with the suite's block
  cipher (DES for 8-byte keys).
- A reply to a frame that could not be authenticated carries eight zero bytes instead of a MAC. Only 1001, 1002,
  1005, 1006 and 1007 come so. **Treat a reply whose MAC is zero or wrong as no reply**: the outcome of a money
  request stays unknown.
- The third MAC failure in a row is answered, then the FEP closes; so is the twentieth frame of a connection that is
  refused before a sign-in. An address from which such frames go on coming must wait before it may connect again, a
  second first and a minute at most: pause between attempts, and twice as long each time.
- Sign in at once after connecting. When very many connections wait for a sign-in, the eldest is closed for a new one.
- After sign-in each frame carries the `bank_code` that signed in; another is answered `1001` and counts as a
  MAC failure.
- A `client_random` may not come again within ten minutes: `1002`.
- Send an ECHO at once after sign-in and after each key exchange. It proves that the bank holds the new keys; a
  connection on which no frame has verified under its MAK is closed 70 s after sign-in.
- After a key exchange the former version stays valid until 60 s after the bank's first frame under the new one.
  A further exchange replaces a version that was not used yet, and is answered `1011` while two used ones are
  valid.
- When `key_lifetime` is over, business requests are answered `1005`, MACed, until keys are exchanged.

### MAC algorithms 报文鉴别码算法
The message is filled with zero bytes to blocks D1 to Dn of 8 bytes; a frame never needs it. E is the encryption of
one block: DES under a key of 8 bytes, 2-key 3DES under one of 16.

**ANSI X9.9** (ISO 9797-1 algorithm 1), key K of 8 bytes:
1. H0 = 8 zero bytes.
2. Hi = DES_K(Di XOR Hi-1), for i from 1 to n.
3. MAC = Hn, all 8 bytes.

       key  0123456789abcdef
       data 4e6f77206973207468652074696d6520666f7220616c6c20
       MAC  70a30640cc76dd8b

**ANSI X9.19** (ISO 9797-1 algorithm 3), key KL KR of 8 bytes each:
1. H1 to Hn as X9.9 makes them under KL.
2. Decrypt Hn with DES under KR, encrypt the result with DES under KL.
3. MAC = that, all 8 bytes.

       key  0123456789abcdeffedcba9876543210
       data 4e6f77206973207468652074696d6520666f7220616c6c20
       MAC  a1c72e74ea3fa9b6

**CUPS ECB MAC 银联ECB算法**, key K:
1. X = D1 XOR D2 … XOR Dn, written as 16 upper-case hex characters in ASCII; L is the left 8 of them, R the right 8.
2. Y = E_K(E_K(L) XOR R).
3. MAC = the left 4 bytes of Y, written as 8 upper-case hex characters in ASCII.

       key  2222222222222222
       data 1234567890abcdefabcdef1234567890
       MAC  4532363742364532 (the characters E267B6E2)

The example of CUPS has a key of 8 bytes, so E is DES in it; on the link keys have 16 and E is 3DES. AES-CMAC and
SM4-CMAC are NIST SP 800-38B (RFC 4493) with that cipher.

## 3. Link management 链路管理

Without traffic that verifies for 60 s the FEP sends ECHO, and closes 10 s later when still nothing has come. An
FEP that is being stopped answers new business requests `1011`, still serves link transactions, answers
everything it has begun, half-closes, and closes after at most 5 s.

<<message SIGN_IN>>

The first frame of a connection. `bank_date` and `bank_time` are the Asia/Shanghai wall clock and may differ
from the FEP's by 300 s at most: `1008`. A second sign-in on the same connection: `1010`; but when its
`key_version` is not zero it gets `1005`, which is looked at first (section 7).

<<message SIGN_OUT>>

Replies to what is in flight come first, then the reply to SIGN_OUT, then the FEP closes.

<<message KEY_EXCHANGE>>

New session keys on a signed-in connection; clock rule as for sign-in.

<<message ECHO>>

Line test by either side, on a signed-in connection.

## 4. Business 业务

<<message QUERY>>

`rows` are oldest first. Suspended and closed accounts and accounts that owe nothing are answered `0000` too. A
key that fits several accounts: `2018`. A page past the last: `0000` without rows.

<<message PAY>>

What is checked, in this order:
1. amount not positive or above the limit `2012`; no such account `2001`; closed or suspended `2004`; prepaid
   card, or to be paid at the utility, `2017`; outside the pay window `2005`; a bill is in a debit batch `2011`;
   `expected_payable` given and not what is payable now `2003`.
2. settle 缴清: nothing payable `2002`; amount not what is payable `2003`; else everything unsettled is settled.
3. deposit 预存: whole bills, oldest first, each with its late fee, as far as balance and amount reach, stopping
   at the first that does not fit; the rest stays as balance. A bill is never paid in part.
4. the bank's daily limit `2012`.

With `print_invoice` the invoice gets its number at once and this counts as the first print; it is ignored when
the utility prints.

<<message CANCEL>>

CANCEL is the teller's act on a payment that is known to be posted. Original missing: `2007`; not a PAY, or
account or amount differ: `2013`; undone before: `2008`; of another clearing date: `2009`; its balance is used:
`2016`. Naming its own identity as the original: `1003`.

<<message REVERSE>>

REVERSE is the bank system's answer to an unknown outcome, safe before, after and without its original. As
CANCEL, but: original missing: `0000` with outcome 2, and should the original still arrive it is answered
`2010`; undone before: `0000` with outcome 3. CANCEL and REVERSE have serials of their own; when their outcome
is unknown they are repeated with the same serial, never reversed themselves.

In CANCEL and REVERSE any value of `amount`, `account_no` and `reason` is well formed and kept as it is; an
`amount` or `account_no` that differs from the original's is `2013`. `original_date` and `original_serial` must be
well formed, the serial not zero, else `1003`.

<<message STATUS>>

`0000` for every state, 0 included; another account than the original's: `2013`. For state 0 the account is
repeated and every other number and date is zero. State 0 is not final, for the original may be under way: only
REVERSE makes it final.

<<message PAYMENTS>>

One row for each payment, pushed and batch debits too, newest first; undone ones keep their row and show their
state.

<<message CONSUMPTION>>

One row for each bill, newest first. The balances stand before and after the movement that settled the bill; for
an unsettled one both are the present balance.

<<message INVOICE>>

Not this bank's payment: `2007`; account differs: `2013`; undone: `2008`; the utility prints: `2015`; more than
three reprints: `2014`. The first request for page 1 prints, whatever its action, each later one is a reprint;
other pages count nothing. The reply does not repeat the page: the bank knows it from its request. Its first row
of zero bytes ends the page. A payment that settled nothing has no rows: an invoice over the amount.

<<message RECON_TOTALS>>

Counted are: every payment posted in that day, undone later or not, debits too; each CANCEL answered `0000`;
each REVERSE with outcome 1. A day that does not exist: `3001`.

<<message RECON_DETAIL>>

What RECON_TOTALS counts, row by row, in the order of `fep_serial`, which is not always the order of time. Payments
that were undone keep their row and show their state. A day that does not exist: `3001`; one that is still open:
`3002`, for only the rows of a closed day stay where they are. Pages may be asked for in any order and more than
once; 65,535 pages hold 1,310,700 rows. A page past the last: `0000` without rows. A serial or account number that
is longer than its field, from the time when the bank used another message format, stays blank: zeros or spaces.

<<message FILE_PUT>>

Checks, in this order: `chunk_size` at most 2048, zeros behind it, and no chunk that ends behind `total_size`,
`1003`; a name that is none, or not one of this bank's own files of type 01, 04 or 05, `4001`; `total_size` 0 or
more than the FEP takes, `4002`. Then:
- The file stands complete under this name: `0000` with `complete` 1 when size and digest are the same, so a file
  that is sent again changes nothing; else `4002`. A file that was taken into use is never replaced.
- `offset` is not what the FEP has of it: nothing is written, `0000` says in `next_offset` where to go on. A chunk
  with `chunk_size` 0 asks; after a cut connection begin so.
- Otherwise the chunk is written. Up to 64 may be sent ahead of their replies. What a bank has sent of a file is
  kept over reconnects and restarts, for a week; another digest is another file and begins at 0.
- With the last byte the file is checked, its digest, then every row: wrong, `4002`, the message says line and
  reason, and nothing is left of it, so that a corrected file may be sent under the same name. Right: `complete` 1.
  A large file may take longer than a reply: after two seconds `0000` with `next_offset` = `total_size` and
  `complete` 0; ask again with an empty chunk at that offset.
- Another connection writes the same file at this moment, too many files are not complete, or the bank's space is
  used up: `1011`, nothing was done.

<<message FILE_GET>>

Any file of FILE_LIST; no such file: `4001`. `sha256` is of the whole file in every reply: when it changes, the file
has been replaced, and the bank begins again at 0. At the end of the file `chunk_size` is 0; behind it `1003`.

<<message FILE_LIST>>

The bank's files, those it has sent and those that wait for it, the newest `date` first and by name within a day.
A page past the last: `0000` without rows. 255 pages hold 4,080 files: ask by type and date.

<<message BILL_PUSH>>

The FEP asks, the bank answers: bills of accounts under a mandate 代扣协议 of the bank are pushed when they have been
loaded, on any signed-in connection of the bank on which a frame of the bank has verified. Sent only where the bank
and the utility have agreed on it. One that a bank sends has the wrong direction and is dropped without a reply.

- Header: `channel` 02; `fep_serial` numbers the push, the rest as in every request of the FEP (section 1). The body is
  encrypted unless that is forbidden for the bank; the reply is encrypted as the request was.
- The bank debits `principal` + `late_fee` from `passbook`, all of it or nothing, and answers within 30 s. `debited`
  must name `debit_date`, `debit_serial` (not zero) and `amount` (above 0): with them it is a payment of the bank's, in
  the same space of serials as PAY, counted in RECON_TOTALS and RECON_DETAIL as one. It is never sent as PAY besides.
- **The same `fep_serial` is the same push.** Without a reply in time the FEP pushes it again, later, perhaps on
  another connection or after days, with the same `fep_serial` and body: the bank does not debit again but
  answers what it has done. A bank that has debited and answers nothing is asked until it says so, for 7 days
  unless agreed otherwise.
- `accepted`: the bank debits later by itself and then sends PAY, mode 2, channel 02. The late fee of that bill is the
  one that was pushed, whatever the day.
- `refused`: nothing was debited; it is not pushed again. `refusal` is the bank's own code.
- A response_code other than `0000`, or a reply that is not well formed, is no reply.
- A pushed bill may be paid otherwise meanwhile; what the bank then debits goes to the customer's balance.
- A `debit_serial` that is another payment's, a second one for the same push, a `debit_date` before the bill was
  loaded (less a day) or after tomorrow: not posted; the utility looks into it with the bank.

## 5. Repeats and unknown outcomes 重发与未知结果

A request that moves money is identified by bank, `bank_date` and `bank_serial`; PAY, CANCEL and REVERSE share
one space of serials, over all connections of the bank. Its content is `txn_code` and the plain body; no header
field belongs to it.

- Sent again with the same content: the first reply again, with REPEAT set. This holds over reconnects, restarts
  and failovers.
- Sent with other content: `2006`, and nothing is done.
- A PAY that has been undone since, or reversed before it arrived: `2010`.
- A refusal is not stored: the same frame is decided anew. A bank that has sent a request more than once and
  reads a refusal sends REVERSE before it tells the customer.
- `1011`, `9001`, `9003`: nothing was done, and nothing will be. `9002`: the outcome is unknown; ask STATUS or
  send REVERSE.
- Wait 30 s for a reply before calling an outcome unknown.
- `bank_date` of a money request may differ from the calendar date by one day at most, else `1003`, unless it is
  a repeat.

## 6. Response codes 响应码
<<codes>>

## 7. Order of checks 检查顺序
The first check that fails answers. An address that is not allowed is closed unread.

1. version `1007`
2. bank known `1006`
3. signed in, and the same bank `1001`
4. key version `1005`
5. MAC `1002`
6. direction (dropped without a reply)
7. transaction known `1004`
8. encryption `1009`
9. sizes and fields `1003`: the header, then the size of the body, then its fields
10. link state `1010` or `1011`, clock `1008`
11. the request's own identity: one that is stored is answered now
12. transaction enabled `1004`
13. service hours and suspension `1012` (not for STATUS and REVERSE)
14. the transaction's own checks

## 8. Decisions in detail 细节约定
- `channel` 00 is accepted in 1001 to 1004 only.
- `an` fields are not trimmed at their left: right-justified content is malformed (`1003`). Empty (all spaces)
  is well formed.
- `payable_now` and `print_invoice` are 0 or 1, nothing else.
- `months` above 24 is answered `1003`, not cut to 24.
- `client_random` may hold anything, zeros too.
- A name, address or message that is longer than its field is cut between characters.
- Counts in a reply are of all rows, whatever the page.
"""
