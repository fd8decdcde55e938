"""Link management 链路管理: bodies of sign-in, keys, work days, and of what says nothing more."""

from dataclasses import field
from datetime import date

from protocol.record import record


@record
class KeyRequest:
    """Body of SIGN_IN and KEY_EXCHANGE: ``client_random`` 16 bytes."""

    client_random: bytes = field(repr=False)


@record
class KeyReply:
    """New session keys, wrapped under the bank's KEK; ``server_time`` is YYYYMMDDHHMMSS digits, Asia/Shanghai."""

    client_random: bytes = field(repr=False)
    key_version: int
    key_lifetime_s: int
    server_time: str
    wrapped_mak: bytes = field(repr=False)
    mak_kcv: bytes
    wrapped_tek: bytes = field(repr=False)
    tek_kcv: bytes


@record
class NoBody:
    """Body of a transaction that has none."""


@record
class WorkDay:
    """Body of SIGN_IN and SIGN_OUT where the FEP signs in: the day that it opens or closes."""

    work_date: date
