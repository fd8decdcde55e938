"""Sessions 会话: how a partner of a bank format behaves; all that links look at of a dialect beside its frames."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """How a partner behaves.

    Attributes:
        has_mac: banks sign in and frames are authenticated; else a frame is believed because of where it comes from.
        may_encrypt: bodies may be encrypted.
        is_one_exchange: the connection ends with the reply.
    """

    has_mac: bool = True
    may_encrypt: bool = True
    is_one_exchange: bool = False
