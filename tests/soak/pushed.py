"""The bank that bills are pushed to 划拨银行: debits each push once, and answers a repeated one as the first time."""

import threading
import time
import traceback
from collections import OrderedDict
from itertools import count

from tests.soak.books import Books
from tests.soak.client import LOST
from tests.soak.lines import BankKeys, StandardLine
from tests.soak.site import PUSHED
from tests.support.raw_bank import Frame, today
from tests.system.messages import BILL_PUSH, DEBITED, PUSH_REPLY, PUSH_REQUEST

_KEPT = 5_000  # debits that may be asked for again; the FEP asks again within minutes
_FIRST_SERIAL = 900_000_000_001  # debits have serials of their own
_PUSHES_OF_A_LINE = 40
_LOOK_S = 0.5


class PushedBank(threading.Thread):
    """Several lines of one bank, so that each daemon has one; it hangs up now and then.

    Attributes:
        debited: how many bills it has debited.
    """

    def __init__(self, port: int, books: Books, over: threading.Event, lines: int = 4) -> None:
        super().__init__(name="pushed bank", daemon=True)
        self.failure = ""
        self.debited = 0
        self._port, self._books, self._over = port, books, over
        self._serials = count(_FIRST_SERIAL)
        self._debits: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._others = [threading.Thread(target=self._work, daemon=True) for _ in range(lines - 1)]

    def run(self) -> None:
        for other in self._others:
            other.start()
        self._work()
        for other in self._others:
            other.join()

    def _work(self) -> None:
        try:
            while not self._over.is_set():
                try:
                    self._one_line()
                except LOST:
                    self._books.note("pushed bank lost its line")
                    time.sleep(_LOOK_S)
        except Exception:
            self.failure = traceback.format_exc()

    def _one_line(self) -> None:
        line = StandardLine(self._port, PUSHED, BankKeys())
        try:
            for _ in range(_PUSHES_OF_A_LINE):
                frame = self._next(line)
                if frame is None:
                    return
                line.bank.send(line.bank.answer(frame, self._debit(frame) if frame.txn_code == BILL_PUSH else b""))
        finally:
            line.close()

    def _next(self, line: StandardLine) -> Frame | None:
        while not self._over.is_set():
            try:
                return line.bank.next_fep_request(_LOOK_S)
            except TimeoutError:
                continue
        return None

    def _debit(self, frame: Frame) -> bytes:
        """Return the answer to a push: what was debited for it, once."""
        assert frame.mac_state == "right", frame
        with self._lock:
            if frame.fep_serial not in self._debits:
                fields = PUSH_REQUEST.unpack(frame.body)
                amount_fen = fields["principal"] + fields["late_fee"]
                self._debits[frame.fep_serial] = PUSH_REPLY.pack(
                    outcome=DEBITED, debit_date=today(), debit_serial=next(self._serials), amount=amount_fen
                )
                self.debited += 1
                while len(self._debits) > _KEPT:
                    self._debits.popitem(last=False)
            return self._debits[frame.fep_serial]
