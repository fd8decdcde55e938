"""File work 文件作业: one request for files, and what does it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from dbgate.work import Fate
from fep.config.settings import BankSettings, FileSettings
from fep.files.announcements import Announcement, Announcements
from fep.files.digests import Digests
from fep.files.folders import BankFolder
from fep.files.intake import Intake, Unchecked
from fep.files.pace import Interrupted, Pace
from fep.files.shelf import Shelf
from handlers.answers import refusal_answer
from handlers.errors import Refusal
from protocol.canonical.messages import Answer
from protocol.files.transfer import FileChunk, FileGetRequest, FileListRequest
from protocol.response_codes import ResponseCode

_log = structlog.get_logger()


@dataclass(slots=True)
class FileWork:
    """One request on its way through the desk.

    Attributes:
        bank: whose files.
        body: what is asked.
        deadline: monotonic seconds after which it is not begun any more.
        done: called once, with the answer or an exception, in the thread of the event loop.
        batch_size: for the log: file work goes one by one.
        fate: what may have become of it.
    """

    bank: BankSettings
    body: FileChunk | FileGetRequest | FileListRequest | Announcement
    deadline: float
    done: Callable[[object], None]
    batch_size: int = 1
    fate: Fate = field(default_factory=Fate)

    @property
    def stores(self) -> bool:
        """Whether something may have been stored when it is not known what became of it."""
        return isinstance(self.body, FileChunk | Announcement)

    @property
    def line(self) -> tuple[str, str]:
        """Bank and file: requests of one bank for one file, and those for its list, go one after the other."""
        return self.bank.bank_code, "" if isinstance(self.body, FileListRequest) else self.body.file_name


class FileWorker:
    """Does file work; its methods are called in threads.

    Args:
        settings: where files stand, and how many.
        pace: how long work gives way.
    """

    def __init__(self, settings: FileSettings, pace: Pace) -> None:
        self._settings = settings
        self._pace = pace
        self._digests = Digests(pace)
        self._reasons: dict[str, str] = {}

    def __call__(self, work: FileWork, *, at_leisure: bool = False) -> Answer | Unchecked:
        """Return the answer to one request, or why there is none yet; only bugs of ours are raised."""
        try:
            answer = self._done(work, at_leisure=at_leisure)
        except Refusal as refusal:
            return refusal_answer(refusal)
        except Interrupted:
            return Answer(ResponseCode.BUSY)
        except OSError as error:
            self._unavailable(work, error.strerror or str(error))
            return Answer(ResponseCode.SYSTEM_MALFUNCTION)
        self._available(work)
        return answer

    def _unavailable(self, work: FileWork, reason: str) -> None:
        """Say once why files cannot be worked with: a bank that goes on sending chunks says nothing new."""
        bank_code = work.bank.bank_code
        if self._reasons.get(bank_code) != reason:
            self._reasons[bank_code] = reason
            _log.error("files_unavailable", bank_code=bank_code, reason=reason)

    def _available(self, work: FileWork) -> None:
        """Say that it is over, once something could be stored again; others read while a disk is full."""
        if work.stores and self._reasons.pop(work.bank.bank_code, None) is not None:
            _log.info("files_available", bank_code=work.bank.bank_code)

    def _done(self, work: FileWork, *, at_leisure: bool) -> Answer | Unchecked:
        bank, body = work.bank, work.body
        folder = BankFolder(self._settings.directory / bank.bank_code)
        if isinstance(body, FileChunk):
            intake = Intake(bank.bank_code, folder, bank.files, self._settings.quotas, self._digests, self._pace)
            reply = intake.put(body, at_leisure=at_leisure)
            return reply if isinstance(reply, Unchecked) else Answer(ResponseCode.APPROVED, reply)
        if isinstance(body, Announcement):
            return Announcements(bank, folder, self._pace).note(body)
        shelf = Shelf(bank.bank_code, folder, bank.files, self._digests)
        return Answer(ResponseCode.APPROVED, shelf.get(body) if isinstance(body, FileGetRequest) else shelf.list(body))
