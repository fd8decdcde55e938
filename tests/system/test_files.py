"""Batch files over the link: sent in pieces, resumed after whatever cuts in, refused whole, read, listed. 文件传输"""

import os
import signal
from datetime import timedelta
from itertools import count

import pytest

from tests.support.raw_bank import SUITES, today
from tests.system.checks import ask
from tests.system.conftest import Site
from tests.system.messages import (
    CHUNK,
    DEPOSIT,
    FILE_GET,
    FILE_GET_REQUEST,
    FILE_LIST,
    FILE_LIST_HEAD,
    FILE_LIST_REQUEST,
    FILE_LIST_ROW,
    FILE_PUT,
    FILE_PUT_REPLY,
    PAY,
    pay,
    table,
)
from tests.system.transfer import (
    asked,
    chunk_body,
    detail_file,
    detail_name,
    detail_row,
    digest_of,
    got,
    listed,
    put,
    put_chunk,
    refused,
    sealed,
)

YESTERDAY = today() - timedelta(days=1)
DAYS = (today() - timedelta(days=number) for number in count(1))


def folder(site: Site, bank_code: str = "0102"):
    """Return where the files of a bank stand."""
    return site.directory / "files" / bank_code


@pytest.fixture
def days():
    """Days that no other test has a file of."""
    return DAYS


# --- a file's way in


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("code", SUITES)
def test_a_file_is_sent_in_pieces(site, code, encrypted, days):
    """Each reply says where to go on; after the last piece the file stands in the bank's folder, byte for byte."""
    bank, day = site.bank(code, encrypted=encrypted), next(days)
    data, name = detail_file(code, day, rows=100), detail_name(code, day)
    assert len(data) > 2 * 2048
    assert put_chunk(bank, name, data, 0) == (2048, 0)
    assert put_chunk(bank, name, data, 2048) == (4096, 0)
    assert not (folder(site, code) / "in" / name).exists()
    assert put_chunk(bank, name, data, 4096) == (len(data), 1)

    path = folder(site, code) / "in" / name
    assert path.read_bytes() == data
    assert [oct(entry.stat().st_mode & 0o7777) for entry in (path, path.parent, path.parent.parent)] == [
        "0o640",
        "0o750",
        "0o750",
    ]
    assert list((folder(site, code) / "part").iterdir()) == []
    assert got(bank, name) == data


def test_a_file_of_one_short_piece(site, days):
    """Chunks may have any size, and the whole file may be one."""
    bank, day = site.bank(), next(days)
    assert put_chunk(bank, detail_name(day=day), detail_file(day=day, rows=0), 0) == (50, 1)
    day = next(days)
    data = detail_file(day=day, rows=1)
    for offset in range(0, len(data) - 7, 7):
        assert put_chunk(bank, detail_name(day=day), data, offset, 7) == (offset + 7, 0)
    assert put_chunk(bank, detail_name(day=day), data, offset + 7, 7) == (len(data), 1)


def test_it_goes_on_after_a_cut_connection(site, days):
    """A connection breaks in the middle: on the next one the bank asks, and goes on from there."""
    day = next(days)
    data, name = detail_file(day=day, rows=200), detail_name(day=day)
    bank = site.bank()
    put_chunk(bank, name, data, 0)
    bank.send(bank.build(FILE_PUT, chunk_body(name, data, 2048)))
    bank.reset()

    bank = site.bank()
    offset, complete = asked(bank, name, data)
    assert (offset in (2048, 4096), complete) == (True, 0)
    put(bank, name, data)
    assert got(bank, name) == data


def test_it_goes_on_after_the_daemon_was_killed(fresh_site):
    """What was answered is still there after a crash; the other half is sent to the next daemon."""
    daemon = fresh_site.daemon.start()
    data, name = detail_file(rows=500), detail_name()
    bank = fresh_site.bank()
    for offset in range(0, 8 * 2048, 2048):
        put_chunk(bank, name, data, offset)
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    daemon.start()

    bank = fresh_site.bank()
    assert asked(bank, name, data) == (8 * 2048, 0)
    put(bank, name, data)
    assert got(bank, name) == data
    fresh_site.hang_up()
    assert daemon.restart()
    bank = fresh_site.bank()
    assert asked(bank, name, data) == (len(data), 1)


def test_pieces_sent_ahead(site, days):
    """A bank need not wait for each reply: chunks of one file are taken in the order in which they were sent."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day, rows=800), detail_name(day=day)
    requests = [bank.build(FILE_PUT, chunk_body(name, data, offset)) for offset in range(0, len(data), 2048)]
    replies = [FILE_PUT_REPLY.unpack(frame.body) for frame in bank.replies(requests)]
    assert [reply["next_offset"] for reply in replies[:-1]] == [2048 * n for n in range(1, len(requests))]
    assert (replies[-1]["next_offset"], replies[-1]["complete"]) == (len(data), 1)


def test_a_piece_that_is_not_next(site, days):
    """A chunk before or behind the end of what has come is not written: the reply says where to go on."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day, rows=200), detail_name(day=day)
    assert put_chunk(bank, name, data, 2048) == (0, 0)
    assert put_chunk(bank, name, data, 0) == (2048, 0)
    assert put_chunk(bank, name, data, 0) == (2048, 0)
    assert put_chunk(bank, name, data, 4096) == (2048, 0)
    assert put_chunk(bank, name, data, 100) == (2048, 0)
    put(bank, name, data)
    assert got(bank, name) == data


def test_two_links_put_the_same_file(fresh_site):
    """Two links, on two daemons over one folder, put one file at once: it comes in once and whole."""
    fresh_site.daemon.start()
    fresh_site.add_daemon()
    data, name = detail_file(rows=1000), detail_name()
    links = [fresh_site.bank(daemon=number) for number in (0, 1)]
    offsets, complete = [0, 0], [0, 0]
    while not all(complete):
        requests = [
            link.build(FILE_PUT, chunk_body(name, data, offset)) for link, offset in zip(links, offsets, strict=True)
        ]
        for link, request in zip(links, requests, strict=True):
            link.send(request)
        for number, (link, request) in enumerate(zip(links, requests, strict=True)):
            reply = link.reply(request)
            assert reply.code in ("0000", "1011")
            if reply.code == "0000":
                fields = FILE_PUT_REPLY.unpack(reply.body)
                offsets[number], complete[number] = fields["next_offset"], fields["complete"]
    assert (folder(fresh_site) / "in" / name).read_bytes() == data
    assert list((folder(fresh_site) / "part").iterdir()) == []


def test_a_large_file(site, days):
    """Ten thousand rows: the bank that asks again until it is complete gets there, and others are served meanwhile."""
    bank, other, day = site.bank(), site.bank("0103"), next(days)
    data, name = detail_file(day=day, rows=30_000), detail_name(day=day)
    offsets = range(0, len(data), 2048)
    for start in range(0, len(offsets), 32):
        bank.replies([bank.build(FILE_PUT, chunk_body(name, data, at)) for at in offsets[start : start + 32]])
    other.check_alive()
    put(bank, name, data)
    assert (folder(site) / "in" / name).read_bytes() == data


def test_a_large_file_that_is_wrong(site, days):
    """It is refused with line and reason too, and nothing of it is left."""
    bank, day = site.bank(), next(days)
    lines = detail_file(day=day, rows=30_000).split(b"\r\n")[:-2]
    lines[20_000] = lines[20_000].replace(b"2002", b"2009")
    data, name = sealed(lines), detail_name(day=day)
    offset = 0
    while offset + 2048 < len(data):
        offset, _ = put_chunk(bank, name, data, offset)
    while (reply := bank.request(FILE_PUT, chunk_body(name, data, offset))).code == "0000":
        offset = FILE_PUT_REPLY.unpack(reply.body)["next_offset"]
        assert offset == len(data)
    assert reply.code == "4002"
    assert reply.body.decode("gb18030").startswith("文件内容错: 第 20001 行 txn 交易码: ")
    assert asked(bank, name, data) == (0, 0)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_the_daemon_ends_while_it_checks(fresh_site, ending):
    """A check that takes seconds does not keep the daemon: the part stays, and the next daemon checks it."""
    daemon = fresh_site.daemon.start()
    data, name = detail_file(rows=300_000), detail_name()
    part = folder(fresh_site) / "part" / f"{name}.{digest_of(data).hex()}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(data)
    bank = fresh_site.bank()
    assert asked(bank, name, data) in ((len(data), 0), (len(data), 1))
    daemon.signal(ending)
    fresh_site.hang_up()
    assert daemon.wait(10) == (0 if ending is signal.SIGTERM else -ending)
    assert part.exists() is not (folder(fresh_site) / "in" / name).exists()

    daemon.start()
    put(fresh_site.bank(), name, data)
    assert (folder(fresh_site) / "in" / name).read_bytes() == data
    assert not part.exists()


def test_payments_go_on_while_a_large_file_is_checked(fresh_site):
    """The check gives way: a bank that pays meanwhile is answered, again and again, before the file is complete."""
    fresh_site.daemon.start()
    data, name = detail_file(rows=300_000), detail_name()
    part = folder(fresh_site) / "part" / f"{name}.{digest_of(data).hex()}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(data)
    bank, payer, account = fresh_site.bank(), fresh_site.bank("0103"), fresh_site.take("empty")
    question = bank.build(FILE_PUT, chunk_body(name, data, 0, 0))
    bank.send(question)
    for _ in range(5):
        ask(payer, PAY, pay(account.account_no, 100, DEPOSIT))
    assert not (folder(fresh_site) / "in" / name).exists()
    bank.reply(question)
    put(bank, name, data)


# --- a file that was received


def test_a_file_sent_twice_changes_nothing(site, days):
    """The same file again is complete at once, from its first byte on."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day), detail_name(day=day)
    put(bank, name, data)
    path = folder(site) / "in" / name
    before = path.stat()
    assert put_chunk(bank, name, data, 0) == (len(data), 1)
    assert asked(bank, name, data) == (len(data), 1)
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_sent_changed_is_refused(site, days):
    """What was taken into use is not replaced: another content under the name is 4002, at the first chunk."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day), detail_name(day=day)
    put(bank, name, data)
    for changed in (detail_file(day=day, rows=4), data.replace(b"D", b"E")):
        reply = ask(bank, FILE_PUT, chunk_body(name, changed, 0), "4002")
        assert reply.body.decode("gb18030").rstrip() == "文件内容错: 同名文件已接收, 内容不同"
    assert (folder(site) / "in" / name).read_bytes() == data
    assert list((folder(site) / "part").glob(f"{name}*")) == []


def test_a_corrected_file_may_be_sent_under_the_same_name(site, days):
    """A refused file leaves nothing that is in the way of the right one."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day), detail_name(day=day)
    refused(bank, name, data.replace(b"T", b"t"))
    put(bank, name, data)
    assert got(bank, name) == data


# --- every way in which a file can be wrong


def edited(data: bytes, line: int, old: bytes, new: bytes) -> bytes:
    """Change one line of a file and make its tail right again."""
    lines = data.split(b"\r\n")[:-2]
    assert old in lines[line]
    lines[line] = lines[line].replace(old, new, 1)
    return sealed(lines)


GOOD = detail_file(rows=3)
TODAY = f"{today():%Y%m%d}".encode()
WRONG = {
    "another bank's head": (edited(GOOD, 0, b"H0102", b"H0103"), "第 1 行 bank_code"),
    "yesterday's head in today's name": (
        edited(GOOD, 0, TODAY, f"{YESTERDAY:%Y%m%d}".encode()),
        "第 1 行 clearing_date",
    ),
    "count": (edited(GOOD, 0, b"00000003", b"00000004"), "第 1 行 明细 3 行, 文件头为 4 行"),
    "total": (edited(GOOD, 0, b"0000000000000300", b"0000000000000301"), "第 1 行 明细合计"),
    "no head": (GOOD[39:], "第 1 行"),
    "no tail": (GOOD[:-11], "第 4 行 缺少文件尾"),
    "tail of another file": (GOOD[:-11] + b"T00000000\r\n", "第 5 行 CRC-32"),
    "tail in lower case": (GOOD[:-11] + GOOD[-11:].lower(), "第 5 行"),
    "something behind the tail": (GOOD + b"D\r\n", "第 6 行 文件尾之后还有内容"),
    "a row of 119 bytes": (sealed([GOOD[:37], detail_row(1).ljust(119)]), "第 2 行 长 119 字节"),
    "not digits": (edited(GOOD, 2, b"0000000000000100", b"000000000000100 "), "第 3 行 amount"),
    "not GB18030": (edited(GOOD, 1, b"0199700001", b"01997\xff0001"), "第 2 行 account_no"),
    "CR only": (GOOD.replace(b"\r\n", b"\r"), "第 1 行"),
    "LF only": (GOOD.replace(b"\r\n", b"\n"), "第 1 行 只有 LF"),
    "NUL": (edited(GOOD, 1, b"0199700001", b"01997\x000001"), "第 2 行"),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, "第 1 行"),
    "cut": (GOOD[:-3], "第 5 行"),
    "binary": (bytes(range(256)) * 20, "第 1 行"),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_wrong_file_is_refused_with_line_and_reason(site, how):
    """Whatever is wrong with it: 4002 at its last chunk, and neither a file nor a part is left."""
    data, said = WRONG[how]
    bank, name = site.bank(), detail_name()
    message = refused(bank, name, data)
    assert message.startswith(f"文件内容错: {said}")
    assert not (folder(site) / "in" / name).exists()
    assert list((folder(site) / "part").glob(f"{name}*")) == []
    assert asked(bank, name, data) == (0, 0)


def test_a_wrong_digest(site, days):
    """Bytes that are others than the bank meant are thrown away at the end."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day, rows=100), detail_name(day=day)
    assert refused(bank, name, data, sha256=bytes(32)) == "文件内容错: SHA-256 不符"
    assert asked(bank, name, data) == (0, 0)


def test_sizes_that_cannot_be(site, days):
    """An empty file and one above the limit are refused at the first chunk; contradictions are malformed."""
    bank, day = site.bank(), next(days)
    data, name = detail_file(day=day, rows=100), detail_name(day=day)
    empty = ask(bank, FILE_PUT, chunk_body(name, b"", 0), "4002")
    assert empty.body.decode("gb18030").rstrip() == "文件内容错: 第 1 行 文件为空"
    ask(bank, FILE_PUT, chunk_body(name, data, 0, total_size=(512 << 20) + 1), "4002")
    ask(bank, FILE_PUT, chunk_body(name, data, 0, total_size=100), "1003")
    ask(bank, FILE_PUT, chunk_body(name, data, 2048, total_size=4095), "1003")
    ask(bank, FILE_PUT, chunk_body(name, data, 0, chunk_size=2049), "1003")
    ask(bank, FILE_PUT, chunk_body(name, data, 0, chunk_size=2047), "1003")
    ask(bank, FILE_PUT, chunk_body(name, data, 0, rsv=b"\0\0\0\0\0\1"), "1003")
    assert asked(bank, name, data) == (0, 0)
    put_chunk(bank, name, data, 0)
    ask(bank, FILE_PUT, chunk_body(name, data, 0, 0, total_size=100), "4002")  # less than what has come


# --- names


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../in/x",
        "/etc/passwd",
        "DZ010220261121.txt\0",
        "DZ010220261121.txt/../x",
        ".DZ010220261121.txt",
        "DZ010320261121.txt",  # another bank's
        "DZ010220261131.txt",  # no such day
        "DZ010220261121.TXT",
        "dz010220261121.txt",
        "XX010220261121.txt",
        "DZ０102２0261121.txt",
        " DZ010220261121.txt",
        "户.txt",
        "DZR010220261121.txt",  # the FEP makes it
        "DK010220261101.txt",
    ],
)
def test_names_that_a_bank_may_not_send(site, name):
    """Any other name is 4001, whatever stands there, and nothing is made of it."""
    before = sorted(site.directory.rglob("*"))
    bank = site.bank()
    ask(bank, FILE_PUT, chunk_body(name, GOOD, 0), "4001")
    ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name=name), "4001")
    ignored = {path for path in site.directory.rglob("*") if path.name.startswith("billing.db")}
    assert set(site.directory.rglob("*")) - set(before) <= ignored | {folder(site)}


def test_bytes_that_are_no_text_are_a_bad_name(site):
    """Not malformed but 4001: nothing of a name is believed before it is one."""
    bank = site.bank()
    ask(bank, FILE_PUT, chunk_body("", GOOD, 0, file_name=bytes(range(0x80, 0xC0))), "4001")
    ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name=b"\xff" * 64), "4001")


def test_what_is_not_a_file_is_neither_read_nor_listed_nor_overwritten(site, days, tmp_path):
    """Links, pipes, folders and files whose names are none: a bank does not see them, and cannot write through them."""
    bank = site.bank("0104")
    secret = tmp_path / "secret"
    data = detail_file("0104", rows=1)
    secret.write_bytes(data)
    for kind in ("in", "out", "part"):
        (folder(site, "0104") / kind).mkdir(parents=True, exist_ok=True)
    link, pipe, directory, other = (detail_name("0104", next(days)) for _ in range(4))
    (folder(site, "0104") / "in" / link).symlink_to(secret)
    os.mkfifo(folder(site, "0104") / "in" / pipe)
    (folder(site, "0104") / "in" / directory).mkdir()
    (folder(site, "0104") / "out" / other).write_bytes(data)  # a file of the bank's, where it does not belong
    (folder(site, "0104") / "out" / "notes.txt").write_bytes(b"x")
    (folder(site, "0104") / "out" / ".DZR010420261121.txt").write_bytes(b"x")
    (folder(site, "0104") / "out" / "DZR010420261120.txt").symlink_to(secret)
    _, names = listed(bank)
    assert {link, pipe, directory, other, "notes.txt", ".DZR010420261121.txt", "DZR010420261120.txt"}.isdisjoint(names)
    for name in (link, pipe, directory, "DZR010420261120.txt", ".DZR010420261121.txt", "notes.txt"):
        ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name=name), "4001")


def test_a_link_is_not_written_through(fresh_site, tmp_path):
    """A link where a part or a file would stand: the file is not taken, and what the link leads to stays as it is."""
    fresh_site.daemon.start()
    bank, data, name = fresh_site.bank(), detail_file(rows=1), detail_name()
    put(bank, name, data)
    (folder(fresh_site) / "in" / name).unlink()
    victim = tmp_path / "victim"
    victim.write_bytes(b"as it was")

    (folder(fresh_site) / "in" / name).symlink_to(victim)
    ask(bank, FILE_PUT, chunk_body(name, data, 0), "9003")
    (folder(fresh_site) / "in" / name).unlink()
    sha256 = chunk_body(name, data, 0)[80:112].hex()
    part = folder(fresh_site) / "part" / f"{name}.{sha256}.part"
    part.symlink_to(victim)
    ask(bank, FILE_PUT, chunk_body(name, data, 0), "9003")

    assert victim.read_bytes() == b"as it was"
    part.unlink()
    put(bank, name, data)


# --- getting and listing


def test_a_file_for_the_bank_is_read_in_pieces(site):
    """A result that waits is read by its chunks, from anywhere; at its end there is an empty one, behind it none."""
    bank, data = site.bank("0105"), os.urandom(5000)
    out = folder(site, "0105") / "out"
    out.mkdir(parents=True, exist_ok=True)
    (out / "DZR010520261101.txt").write_bytes(data)
    assert got(bank, "DZR010520261101.txt") == data
    body = FILE_GET_REQUEST.pack(file_name="DZR010520261101.txt", offset=4999)
    fields = CHUNK.unpack(ask(bank, FILE_GET, body).body)
    assert (fields["chunk_size"], fields["chunk"][:1], fields["total_size"]) == (1, data[-1:], 5000)
    ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name="DZR010520261101.txt", offset=5001), "1003")
    ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name="DZR010520261102.txt", offset=0), "4001")


def test_a_file_replaced_between_two_pieces_is_noticed(site):
    """The digest is that of the file from which the piece was read."""
    bank, out = site.bank("0105"), folder(site, "0105") / "out"
    out.mkdir(parents=True, exist_ok=True)
    seen = set()
    for content in (b"a" * 3000, b"b" * 3000):
        (out / "new").write_bytes(content)
        (out / "new").replace(out / "DZR010520261103.txt")
        body = FILE_GET_REQUEST.pack(file_name="DZR010520261103.txt", offset=2048)
        seen.add(CHUNK.unpack(ask(bank, FILE_GET, body).body)["sha256"])
    assert len(seen) == 2


def test_a_bank_reads_its_own_files_only(site, days):
    """What another bank has sent or waits to get does not exist."""
    day = next(days)
    put(site.bank("0103"), detail_name("0103", day), detail_file("0103", day))
    bank = site.bank("0102")
    ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name=detail_name("0103", day)), "4001")
    _, names = listed(bank)
    assert detail_name("0103", day) not in names


def test_the_list(fresh_site):
    """Newest first, sixteen on a page, by type and by day; monthly files are of the day they were made."""
    fresh_site.daemon.start()
    bank = fresh_site.bank()
    assert listed(bank) == (0, [])
    out = folder(fresh_site) / "out"
    out.mkdir(parents=True)
    for day in range(1, 21):
        (out / f"DZR0102202610{day:02d}.txt").write_bytes(b"x" * day)
    (out / "DK010220261001.txt").write_bytes(b"y")
    made = int((today() - timedelta(days=5000)).strftime("%s")) + 12 * 3600
    os.utime(out / "DK010220261001.txt", (made, made))
    put(bank, detail_name(), GOOD)

    newest_first = [f"DZR0102202610{day:02d}.txt" for day in range(20, 0, -1)]
    assert listed(bank) == (22, [detail_name(), *newest_first[:15]])
    assert listed(bank, page=1) == listed(bank, page=0)
    assert listed(bank, page=2) == (22, [*newest_first[15:], "DK010220261001.txt"])
    assert listed(bank, page=3) == listed(bank, page=255) == (22, [])
    assert listed(bank, "02", page=2) == (20, newest_first[16:])
    assert listed(bank, "01") == (1, [detail_name()])
    assert listed(bank, "03") == (1, ["DK010220261001.txt"])
    assert listed(bank, "05") == (0, [])
    assert listed(bank, day=today().replace(2026, 10, 7)) == (1, ["DZR010220261007.txt"])
    assert listed(bank, "01", today().replace(2026, 10, 7)) == (0, [])

    body = ask(bank, FILE_LIST, FILE_LIST_REQUEST.pack(file_type="02", page=2)).body
    _, rows = table(FILE_LIST_HEAD, FILE_LIST_ROW, body, "files_in_page")
    assert rows[0] == {
        "file_name": "DZR010220261004.txt",
        "size": 4,
        "file_type": "02",
        "date": "20261004",
        "rsv": None,
    }


@pytest.mark.parametrize("body", [b"06" + b"0" * 8 + bytes(6), b"0a" + b"0" * 8 + bytes(6), b"0020261131" + bytes(6)])
def test_a_list_of_what_there_cannot_be(site, body):
    """A type or a day that does not exist is malformed."""
    ask(site.bank(), FILE_LIST, body, "1003")


# --- the checks that all business goes through


@pytest.mark.parametrize(
    ("settings", "code"),
    [({"transactions": ["query"]}, "1004"), ({"suspended": True}, "1012")],
    ids=["not enabled", "suspended"],
)
def test_files_are_business(fresh_site, settings, code):
    """A bank for which they are not enabled gets 1004, a suspended one 1012, before a name is looked at."""
    fresh_site.daemon.configure_bank("0102", **settings)
    fresh_site.daemon.start()
    bank = fresh_site.bank()
    ask(bank, FILE_PUT, chunk_body("x", GOOD, 0), code)
    ask(bank, FILE_GET, FILE_GET_REQUEST.pack(file_name="x"), code)
    ask(bank, FILE_LIST, FILE_LIST_REQUEST.pack(), code)
    ask(bank, FILE_PUT, chunk_body("x", GOOD, 0, chunk_size=3000), "1003")


def test_quotas(fresh_site, days):
    """A bank that has used up what it may store is told so, 1011; its files that are begun can be finished."""
    fresh_site.daemon.configure("files", file_size_max=6000, bank_size_max=12_000, part_count_max=2).start()
    bank, other = fresh_site.bank(), fresh_site.bank("0103")
    files = [(detail_name(day=day), detail_file(day=day, rows=80)) for day in (next(days) for _ in range(3))]
    assert 4800 < len(files[0][1]) < 6000
    too_large = ask(bank, FILE_PUT, chunk_body(detail_name(), detail_file(rows=120), 0), "4002")
    assert too_large.body.decode("gb18030").rstrip() == "文件内容错: 文件超过 6000 字节"
    put_chunk(bank, *files[0], 0)
    put_chunk(bank, *files[1], 0)
    third = ask(bank, FILE_PUT, chunk_body(*files[2], 0), "1011")
    assert third.body.decode("gb18030").rstrip() == "系统忙: 未传完的文件已达 2 个"
    put(bank, *files[0])
    put(bank, *files[1])
    third = ask(bank, FILE_PUT, chunk_body(*files[2], 0), "1011")
    assert third.body.decode("gb18030").rstrip() == "系统忙: 文件空间不足"
    put(other, detail_name("0103"), detail_file("0103"))
    (folder(fresh_site) / "in" / files[0][0]).unlink()
    put(bank, *files[2])


def test_a_folder_that_cannot_be_written(fresh_site):
    """Something else stands where the files should be: 9003, the log says why, and other business goes on."""
    fresh_site.daemon.start()
    (fresh_site.directory / "files").write_bytes(b"")
    bank = fresh_site.bank()
    ask(bank, FILE_PUT, chunk_body(detail_name(), GOOD, 0), "9003")
    bank.check_alive()
    event = fresh_site.daemon.wait_for_event(lambda event: event["event"] == "files_unavailable")
    assert event["bank_code"] == "0102"
    assert "irector" in event["reason"]


def test_the_log_names_files(site, days):
    """What came in and what was refused stands in the log, with the reason and without a row."""
    bank, day, mark = site.bank(), next(days), site.daemon.mark()
    name, data = detail_name(day=day), detail_file(day=day)
    refused(bank, name, edited(data, 2, b"2002", b"2009"))
    put(bank, name, data)
    event = site.daemon.wait_for_event(lambda event: event["event"] == "file_refused", mark)
    assert (event["bank_code"], event["file_name"], event["response_code"]) == ("0102", name, "4002")
    assert event["reason"].startswith("line 3: txn: ")
    event = site.daemon.wait_for_event(lambda event: event["event"] == "file_received", mark)
    assert (event["file_name"], event["size"]) == (name, len(data))


def test_many_at_once_are_busy(site, days):
    """More than the desk takes of one bank is 1011 at once; what was taken is answered, and the link stays up."""
    bank, day = site.bank(), next(days)
    body = chunk_body(detail_name(day=day), detail_file(day=day, rows=1000), 0, 0)
    requests = [bank.build(FILE_PUT, body) for _ in range(250)]
    codes = {frame.code for frame in bank.replies(requests)}
    assert codes <= {"0000", "1011"}
    assert "0000" in codes
    bank.check_alive()


def test_a_slow_bank_is_nobody_elses_concern(site):
    """A link that never reads its replies about files holds up no other link."""
    lazy, busy = site.bank("0104"), site.bank("0102")
    name, data = detail_name("0104"), detail_file("0104", rows=1000)
    for _ in range(4):
        lazy.send(*[lazy.build(FILE_PUT, chunk_body(name, data, 0, 0)) for _ in range(50)])
    busy.check_alive()
    listed(busy)
