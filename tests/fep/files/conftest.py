"""What the tests of batch files share: a bank's folder, and chunks of files. 公用夹具"""

import hashlib
from threading import Lock

import pytest

from fep.files.digests import Digests
from fep.files.folders import BankFolder
from fep.files.intake import Intake
from fep.files.pace import Pace
from handlers.file_put import FileQuotas
from protocol.files.formats import STANDARD
from protocol.files.transfer import FileChunk

BANK = "0102"


@pytest.fixture
def folder(tmp_path):
    """The folder of a bank that has nothing yet."""
    return BankFolder(tmp_path / "files" / BANK)


@pytest.fixture
def pace():
    """Nobody ends, and nobody else wants a turn."""
    return Pace(Lock())


@pytest.fixture
def digests(pace):
    """Nothing is known yet."""
    return Digests(pace)


@pytest.fixture
def intake(folder, digests, pace):
    """Where the bank's files come in."""
    return Intake(BANK, folder, STANDARD, FileQuotas(1 << 20, 10 << 20, 3), digests, pace)


def chunk(name: str, data: bytes, offset: int = 0, size: int = 2048, **changed: object) -> FileChunk:
    """Return a chunk of a file."""
    values = {"sha256": hashlib.sha256(data).digest(), "chunk": data[offset : offset + size], **changed}
    return FileChunk(name, len(data), offset, **values)  # type: ignore[arg-type]
