"""Lines of banks of each dialect 各格式的银行连接: tellers that also change keys, and tell a line that is lost."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.raw_bank import AK, ECHO, KEK, KEY_EXCHANGE, SIGN_IN, Closed, RawBank
from tests.system import messages
from tests.system.tellers.bank import FORMATS
from tests.system.tellers.elec02 import Elec02Teller
from tests.system.tellers.standard import StandardTeller
from tests.system.tellers.teller import Request, Teller


class NotTakenIn(Exception):
    """The daemon has refused the sign-in; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class BankKeys:
    """The keys that a bank's programs use now; another pair is put in its place while they work."""

    ak: bytes = AK
    kek: bytes = KEK


class StandardLine(StandardTeller):
    """A signed-in connection on the standard link whose bank may change its keys."""

    def __init__(self, port: int, bank_code: str, keys: BankKeys, *, encrypted: bool = False) -> None:
        self.bank = self._bank = RawBank(port, bank_code, encrypted=encrypted)
        self._frames = {}
        try:
            self.exchange_keys(keys, SIGN_IN)
        except BaseException:
            self._bank.close()
            raise

    def exchange_keys(self, keys: BankKeys, txn_code: int = KEY_EXCHANGE) -> None:
        """Sign in or get new session keys, under the bank's present keys, and prove them.

        Raises:
            NotTakenIn: refused.
        """
        self.bank.ak, self.bank.kek = keys.ak, keys.kek
        reply = self.bank.exchange_keys(txn_code)
        if reply.code != "0000" or reply.mac_state != "right":
            raise NotTakenIn(reply.code)
        echo = self.bank.request(ECHO)
        if echo.code != "0000" or echo.mac_state != "right":
            raise NotTakenIn(echo.code)

    def look_around(self, request: Request) -> list[str]:
        """Ask what a teller asks besides, about a payment of his own; return the codes."""
        account_no, serial, day = request.account_no, request.serial, request.day
        invoice = messages.INVOICE_REQUEST.pack(
            original_date=day, original_serial=serial, account_no=account_no, action=1
        )
        asked = (
            (messages.STATUS, messages.status(account_no, serial, day)),
            (messages.PAYMENTS, messages.records(account_no)),
            (messages.CONSUMPTION, messages.records(account_no)),
            (messages.INVOICE, invoice),
            (messages.FILE_LIST, messages.FILE_LIST_REQUEST.pack(file_type="00", page=1)),
        )
        return [self.bank.request(txn_code, body).code for txn_code, body in asked]


class Elec02Line(Elec02Teller):
    """A place to connect to, which tells a connection that ends without a reply."""

    def exchange(self, content: bytes) -> tuple[str, bytes]:
        try:
            return super().exchange(content)
        except AssertionError as error:
            raise Closed(str(error)) from None


def connect(port: int, bank_code: str, keys: BankKeys, *, encrypted: bool) -> Teller:
    """Return a line of a bank, in the format that it speaks.

    Raises:
        OSError, Closed, NotTakenIn: there is none just now.
    """
    others: dict[str, Callable[[], Teller]] = {
        FORMATS["elec02"].bank_code: lambda: Elec02Line(port + FORMATS["elec02"].port_offset),
        FORMATS["iso8583"].bank_code: lambda: FORMATS["iso8583"].connect(port + FORMATS["iso8583"].port_offset),
    }
    if bank_code in others:
        return others[bank_code]()
    return StandardLine(port, bank_code, keys, encrypted=encrypted)
