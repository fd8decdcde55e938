"""Sessions 会话: how a partner of a bank format behaves; all that links look at of a dialect beside its frames."""

from dataclasses import dataclass
from enum import Enum


class SignsIn(Enum):
    """Who signs in, and how long it holds."""

    BANK_EACH_CONNECTION = "bank"  # 银行每个连接签到
    FEP_EACH_DAY = "fep"  # 前置机每日签到
    NOBODY = "nobody"  # 不签到


@dataclass(frozen=True, slots=True)
class Session:
    """How a partner behaves.

    Attributes:
        has_mac: banks sign in and frames are authenticated; else a frame is believed because of where it comes from.
        may_encrypt: bodies may be encrypted.
        is_one_exchange: the connection ends with the reply.
        signs_in: who signs in, and for how long.
        announces_files: files go another way than the messages, which tell when one is complete.
        fep_connects: the FEP asks over connections that it opens to the bank, one exchange on each; else on the bank's.
    """

    has_mac: bool = True
    may_encrypt: bool = True
    is_one_exchange: bool = False
    signs_in: SignsIn = SignsIn.BANK_EACH_CONNECTION
    fep_connects: bool = False
    announces_files: bool = False
