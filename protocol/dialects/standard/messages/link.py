"""Link messages 链路报文: 1001 SIGN_IN 签到 and 1003 KEY_EXCHANGE 密钥更换, which share their bodies.

1002 SIGN_OUT 签退 and 1004 ECHO 线路测试 have none.
"""

from protocol.canonical.link import KeyReply, KeyRequest, NoBody
from protocol.characters import Digits
from protocol.fields import U32, Octets
from protocol.layout import Field, Layout, rsv

EMPTY = Layout("body", NoBody)

KEY_REQUEST = Layout(
    "body",
    KeyRequest,
    Field("client_random", Octets(16), "random, new in each request", "客户端随机数"),
    rsv(16),
    checks_reserved=True,
)

KEY_REPLY = Layout(
    "body",
    KeyReply,
    Field("client_random", Octets(16), "as in the request", "客户端随机数"),
    Field("key_version", U32, "version of the session keys below", "密钥版本"),
    Field(
        "key_lifetime", U32, "seconds until business requests get 1005", "密钥有效期(秒)", attribute="key_lifetime_s"
    ),
    Field("server_time", Digits(14), "YYYYMMDDHHMMSS of the FEP, Asia/Shanghai", "前置机时间"),
    rsv(2),
    Field("wrapped_mak", Octets(16, padded=True), "MAC key under the KEK; 8 bytes stand left", "MAC密钥密文"),
    Field("mak_kcv", Octets(4), "key check value of the MAC key", "MAC密钥校验值"),
    Field("wrapped_tek", Octets(16, padded=True), "encryption key under the KEK; 8 bytes stand left", "加密密钥密文"),
    Field("tek_kcv", Octets(4), "key check value of the encryption key", "加密密钥校验值"),
)
