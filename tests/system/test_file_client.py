"""The bank's own client of the file transfer, against the daemon: what a bank's programmer begins with. 银行端客户端"""

import io
from datetime import timedelta

import pytest

from crypto.keys import Key
from crypto.suites import SUITES
from fep.demo.bank_client import BankClient, BankIdentity, NoReply
from fep.demo.file_client import FileChanged, FileClient, TransferRefused
from protocol.dialects.registry import DEFAULT
from protocol.files.names import FileKind
from tests.support.raw_bank import AK, KEK, today
from tests.system.transfer import detail_file, detail_name


class Cut(io.BytesIO):
    """A file whose reader's line breaks after so many reads."""

    def __init__(self, data: bytes, client: BankClient, reads: int) -> None:
        super().__init__(data)
        self.client, self.reads = client, reads

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size <= 2048:
            self.reads -= 1
            if not self.reads:
                self.client.close()
        return super().read(size)


@pytest.fixture
def connect(site):
    """A way to connect and sign in as bank 0102."""
    clients = []

    def signed_in() -> BankClient:
        identity = BankIdentity("0102", "BR0001", "T0001", SUITES["3des"], Key("AK", AK), Key("KEK", KEK))
        clients.append(BankClient(("127.0.0.1", site.daemon.port), identity, DEFAULT, encrypt=True))
        clients[-1].sign_in()
        return clients[-1]

    yield signed_in
    for client in clients:
        client.close()


def test_a_file_is_sent_listed_and_read(site, connect):
    """A file goes in, is in the list, and is read back."""
    day = today() - timedelta(days=1)
    files, data = FileClient(connect()), detail_file(day=day, rows=500)
    files.put(detail_name(day=day), io.BytesIO(data))
    files.put(detail_name(day=day), io.BytesIO(data))
    [row] = files.list(FileKind.RECONCILE_DETAIL, day)
    assert (row.file_name, row.size, row.date) == (detail_name(day=day), len(data), day)
    copy = io.BytesIO()
    files.get(row.file_name, copy)
    assert copy.getvalue() == data


def test_all_pages_of_a_list(site, connect):
    """More files than a page holds are all listed, once each."""
    out = site.directory / "files" / "0102" / "out"
    out.mkdir(parents=True, exist_ok=True)
    names = {f"DZR0102202609{day:02d}.txt" for day in range(1, 31)}
    for name in names:
        (out / name).write_bytes(b"")
    rows = [row.file_name for row in FileClient(connect()).list(FileKind.RECONCILE_RESULT)]
    assert (len(rows), set(rows)) == (30, names)


def test_the_same_call_goes_on_after_a_cut(site, connect):
    """The line breaks in the middle of a file: the same call on a new connection sends the rest, and no more."""
    day = today() - timedelta(days=2)
    client, data, name = connect(), detail_file(day=day, rows=500), detail_name(day=day)
    with pytest.raises((NoReply, OSError)):
        FileClient(client).put(name, Cut(data, client, reads=8))

    sent = io.BytesIO(data)
    offsets = []
    seek = sent.seek
    sent.seek = lambda offset, whence=0: offsets.append((offset, whence)) or seek(offset, whence)
    FileClient(connect()).put(name, sent)
    assert offsets[2] in ((7 * 2048, 0), (8 * 2048, 0))
    assert (site.directory / "files" / "0102" / "in" / name).read_bytes() == data


def test_a_half_read_file_is_read_on(site, connect):
    """What has been read is not read again; when the file has been replaced meanwhile the digest tells."""
    path = site.directory / "files" / "0102" / "out" / "DZR010220260801.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"a" * 5000)
    files, copy = FileClient(connect()), io.BytesIO(b"a" * 2048)
    files.get(path.name, copy)
    assert copy.getvalue() == b"a" * 5000
    with pytest.raises(FileChanged):
        files.get(path.name, io.BytesIO(b"b" * 2048))


def test_a_refusal_says_why(connect):
    """Code and message of the FEP, as an exception."""
    files = FileClient(connect())
    with pytest.raises(TransferRefused) as refused:
        files.put(detail_name(), io.BytesIO(detail_file(rows=3).replace(b"T", b"t")))
    assert refused.value.code == "4002"
    assert refused.value.message.startswith("文件内容错: 第 5 行 ")
    with pytest.raises(TransferRefused, match=r"^4001 无此文件$"):
        files.get("DZR010220260701.txt", io.BytesIO())
