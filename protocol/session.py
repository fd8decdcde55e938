"""Sessions 会话: how a partner of a bank format behaves; all that links look at of a dialect beside its frames."""

from dataclasses import dataclass
from enum import Enum


class SignIn(Enum):
    """Who signs in, and for how long."""

    BY_BANK = "by_bank"  # the bank, on each connection
    BY_FEP = "by_fep"  # the FEP, once for each partner and clearing day
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Session:
    """How a partner behaves.

    Attributes:
        sign_in: who signs in.
        has_mac: frames are authenticated; else a frame is believed because of where it comes from.
        may_encrypt: bodies may be encrypted.
        sends_echo: the FEP tests an idle connection.
        is_one_exchange: the connection ends with the reply.
    """

    sign_in: SignIn = SignIn.BY_BANK
    has_mac: bool = True
    may_encrypt: bool = True
    sends_echo: bool = True
    is_one_exchange: bool = False
