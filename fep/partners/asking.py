"""Asking a partner from a command 命令行请求对端: one exchange on a connection of its own, without a reactor.

What a daemon does with ``fep.partners.exchange`` a command does here: it asks one thing and waits for it, and says as
exactly what is certain when no reply comes.
"""

import socket
import time
from datetime import datetime

from fep.clock import SHANGHAI
from fep.config.settings import BankSettings
from fep.partners.errors import PartnerSilent, PartnerUnreachable, Reason
from protocol.canonical.messages import RequestBody
from protocol.dialect import OwnReply, Sealing
from protocol.errors import RemoteProtocolError
from protocol.transactions import Transaction

_CHUNK_BYTES = 65_536
_UNSEALED = Sealing(key_version=0)
"""Formats in which the FEP connects have no MAC."""


def ask_once(
    bank: BankSettings, transaction: Transaction, body: RequestBody, fep_serial: int, now: datetime, timeout_s: float
) -> OwnReply:
    """Ask a bank and return its answer, approved or not. Blocks.

    Args:
        bank: with its ``partner`` address.
        transaction: one that the FEP asks for in the bank's format.
        body: its fields.
        fep_serial: numbers the request.
        now: naive Asia/Shanghai time that the request carries.
        timeout_s: for connecting and the exchange together.

    Raises:
        PartnerUnreachable: nothing was sent.
        PartnerSilent: sent, and not answered; the outcome is unknown.
        ProtocolError: the request cannot be said in the bank's format; nothing was sent.
    """
    assert bank.partner is not None, "a bank without an address of its own cannot be asked"
    dialect = bank.dialect
    asked = dialect.own_request(transaction, body, bank.own_node, fep_serial, now.replace(tzinfo=SHANGHAI), _UNSEALED)
    deadline_s = time.monotonic() + timeout_s
    with _connected(bank.partner.host, bank.partner.port, timeout_s) as connection:
        frame = _exchanged(connection, dialect.seal(asked, b""), bank, deadline_s)
    try:
        return dialect.own_reply(frame, asked, transaction)
    except RemoteProtocolError as error:
        raise PartnerSilent(Reason.NOT_A_REPLY, str(error)) from None


def _connected(host: str, port: int, timeout_s: float) -> socket.socket:
    try:
        return socket.create_connection((host, port), timeout=timeout_s)
    except TimeoutError:
        raise PartnerUnreachable(Reason.CONNECT_TIMED_OUT) from None
    except OSError as error:
        raise PartnerUnreachable(Reason.NOT_CONNECTED, error.strerror or str(error)) from None


def _exchanged(connection: socket.socket, request: bytes, bank: BankSettings, deadline_s: float) -> bytes:
    """Return the frame that answers ``request``; whatever goes wrong from here on leaves the outcome unknown."""
    reader = bank.dialect.reader()
    try:
        connection.sendall(request)
        while True:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise PartnerSilent(Reason.REPLY_TIMED_OUT)
            connection.settimeout(left_s)
            data = connection.recv(_CHUNK_BYTES)
            if not data:
                raise PartnerSilent(Reason.CUT_OFF)
            reader.receive_data(data)
            frame = reader.next_frame()
            if frame is not None:
                return frame
    except TimeoutError:
        raise PartnerSilent(Reason.REPLY_TIMED_OUT) from None
    except OSError:
        raise PartnerSilent(Reason.CUT_OFF) from None
    except RemoteProtocolError as error:
        raise PartnerSilent(Reason.NOT_A_REPLY, str(error)) from None
