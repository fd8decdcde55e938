"""The journal of key acts 密钥操作日志: who did what with which key and when, beside the key store.

    {"no": 1, "at": "2026-11-22T13:05:00", "operator": "…", "act": "import", …} 64 hex digits

A line for each act, added and never changed. The digits are an HMAC-SHA256 under a secret of the sealed store, over
the digits of the line before and this one's text, so a line that was changed, moved, added or left out by somebody
without the master key is found. The store also holds count and digits of the last line that it knows, so lines that
were cut off at the end are found too.

The line goes first, then the store: after a crash in between there may be a line more than the store knows, of an act
that was begun; one that was done and is not written down cannot be.

It has check values and numbers, never a key.
"""

import hmac
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crypto.errors import FileFault, KeyJournalBroken
from crypto.private_file import PrivateFileRefused, append_private, read_private

JOURNAL_BYTES_MAX = 64 << 20
"""A quarter of a million acts; a site has some hundred in a year."""

_MAC_HEX_DIGITS = 64


@dataclass(frozen=True, slots=True)
class KeyAct:
    """What was done with keys 密钥操作.

    Attributes:
        at: when, naive, Asia/Shanghai.
        operator: who ran the command, as the system knows him; of an act that two have done, who approved it.
        act: the command: ``import``, ``activate`` and so on.
        bank_code: whose keys; empty when of none.
        version: of the bank's keys; None when of none.
        ak_kcv: check value in upper-case hex, empty when of none.
        kek_kcv: likewise.
        detail: in words of the program: the window, how many components, under which key it was wrapped.
        proposed_by: who had proposed it; empty when one operator has done it alone.
    """

    at: datetime
    operator: str
    act: str
    bank_code: str = ""
    version: int | None = None
    ak_kcv: str = ""
    kek_kcv: str = ""
    detail: str = ""
    proposed_by: str = ""


@dataclass(frozen=True, slots=True)
class JournalHead:
    """Where the journal ends: how many lines, and the digits of the last one."""

    count: int = 0
    mac: str = "0" * _MAC_HEX_DIGITS


class KeyJournal:
    """The journal in the file ``path`` under ``secret`` (32 bytes)."""

    def __init__(self, path: Path, secret: bytes) -> None:
        self.path = path
        self._secret = secret

    def append(self, act: KeyAct, known: JournalHead) -> JournalHead:
        """Write ``act`` durably behind all that is there and return the new end; the caller holds the folder's lock.

        Raises:
            KeyJournalBroken: what is there is not what was written, or ends before ``known``.
        """
        head = self._read(known)[1]
        text = _text_of(head.count + 1, act)
        mac = self._mac(head.mac, text)
        try:
            append_private(self.path, f"{text} {mac}\n".encode())
        except PrivateFileRefused as refused:
            raise self._unusable(refused) from refused
        return JournalHead(head.count + 1, mac)

    def acts(self, known: JournalHead) -> list[KeyAct]:
        """Return all acts, oldest first, verified; KeyJournalBroken names the first line that is wrong."""
        return self._read(known)[0]

    def set_aside(self, now: datetime) -> None:
        """Move what is left of a broken journal out of the way, for whoever looks into it.

        Raises:
            KeyJournalBroken: It cannot be moved.
        """
        aside = self.path.with_name(f"{self.path.name}.broken-{now:%Y%m%dT%H%M%S}")
        try:
            if self.path.exists():
                self.path.rename(aside)
        except OSError as error:
            raise self._broken(1, f"it cannot be moved ({error.strerror})", "无法移走") from error

    def _read(self, known: JournalHead) -> tuple[list[KeyAct], JournalHead]:
        try:
            content = read_private(self.path, JOURNAL_BYTES_MAX)
        except PrivateFileRefused as refused:
            if refused.fault is not FileFault.MISSING:
                raise self._unusable(refused) from refused
            content = b""
        acts: list[KeyAct] = []
        head = JournalHead()
        for line_no, line in enumerate(content.decode("utf-8", "replace").split("\n")[:-1], 1):
            text, _, mac = line.rpartition(" ")
            act = (
                _act_of(text, line_no)
                if hmac.compare_digest(mac.encode(), self._mac(head.mac, text).encode())
                else None
            )
            if act is None:
                raise self._broken(line_no, "it was changed", "内容被改动")
            acts.append(act)
            head = JournalHead(line_no, mac)
            if line_no == known.count and mac != known.mac:
                raise self._broken(line_no, "it is not the one that the key store knows", "与密钥库记录的不同")
        if content and not content.endswith(b"\n"):
            raise self._broken(head.count + 1, "it was cut", "被截断")
        if head.count < known.count:
            raise self._broken(head.count + 1, f"{known.count - head.count} lines are missing", "缺少记录")
        return acts, head

    def _mac(self, before: str, text: str) -> str:
        return hmac.digest(self._secret, f"{before} {text}".encode(), "sha256").hex()

    def _broken(self, line_no: int, what: str, chinese: str) -> KeyJournalBroken:
        return KeyJournalBroken(self.path, line_no, what, chinese)

    def _unusable(self, refused: PrivateFileRefused) -> KeyJournalBroken:
        return self._broken(1, refused.fault.what, refused.fault.chinese)


def _text_of(line_no: int, act: KeyAct) -> str:
    fields: dict[str, Any] = {"no": line_no, **asdict(act)}
    fields["at"] = act.at.isoformat(timespec="seconds")
    return json.dumps(fields, ensure_ascii=True)


def _act_of(text: str, line_no: int) -> KeyAct | None:
    """Return None for what no ``_text_of`` has written."""
    try:
        fields = json.loads(text)
        if fields.pop("no") != line_no:
            return None
        return KeyAct(at=datetime.fromisoformat(fields.pop("at")), **fields)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
