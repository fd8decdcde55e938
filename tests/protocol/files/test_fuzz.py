"""Files of any bytes: refused in our own words or good, and then they may be written again and mean the same."""

from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.files.errors import FileInvalid
from protocol.files.layout import FileLayout
from protocol.files.reading import check_file
from protocol.files.writing import write_file
from tests.protocol.files.golden import FILES

each_file = pytest.mark.parametrize(("layout", "data"), [file[:2] for file in FILES.values()], ids=FILES)


def read_or_refused(layout: FileLayout[Any, Any], data: bytes) -> None:
    try:
        checked = check_file(layout, [data], {})
    except FileInvalid:
        return
    rows = list(checked.rows([data]))
    written = b"".join(write_file(layout, checked.head, rows))
    again = check_file(layout, [written], {})
    assert (again.head, list(again.rows([written]))) == (checked.head, rows)


@each_file
@given(
    changes=st.lists(st.tuples(st.integers(0, 700), st.integers(0, 2), st.binary(max_size=3)), min_size=1, max_size=3)
)
@settings(max_examples=200, deadline=None)
def test_changed_files(layout: FileLayout[Any, Any], data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    """Bytes are put in, left out and changed, and the tail is made right again."""
    body = data[: -len(b"T00000000\r\n")]
    for offset, removed, put in changes:
        body = body[:offset] + put + body[offset + removed :]
    read_or_refused(layout, body + b"T%08X\r\n" % crc32(body))


@each_file
@given(noise=st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes(layout: FileLayout[Any, Any], data: bytes, noise: bytes) -> None:
    """What is no file at all."""
    read_or_refused(layout, noise)
    read_or_refused(layout, data[:50] + noise)
