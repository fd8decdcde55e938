"""Whole bodies: one canonical object, field for field."""

import struct
from datetime import date

import pytest

from protocol.bound import Reading, Sources
from protocol.canonical.link import NoBody, WorkDay
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.layout import Field, Layout, rsv
from protocol.moments import Date
from protocol.whole import Whole

WHOLE = Whole(Layout("body", WorkDay, Field("work_date", Date(), "work date", "工作日期"), rsv(2)))
DATA = struct.pack("8s2s", b"20261122", bytes(2))
DAY = WorkDay(date(2026, 11, 22))


def test_a_body_is_one_object() -> None:
    """Bytes become it, and it becomes bytes; its content is every byte."""
    reading = Reading(date(2026, 11, 22))
    WHOLE.read(DATA, reading)

    assert (reading.body, reading.values) == (DAY, {})
    assert WHOLE.build(Sources({"body": DAY})) == DATA
    assert WHOLE.content(DATA, reading) == DATA
    assert WHOLE.named(DATA) == {"work_date": date(2026, 11, 22)}
    assert WHOLE.size == 10


@pytest.mark.parametrize(
    ("data", "path"), [(DATA[:-1], "body"), (DATA + b"\0", "body"), (b"20261322" + bytes(2), "body.work_date")]
)
def test_a_body_that_does_not_fit(data: bytes, path: str) -> None:
    """Size and fields are the layout's."""
    with pytest.raises(MessageInvalid) as caught:
        WHOLE.read(data, Reading(date(2026, 11, 22)))
    assert caught.value.path == path


def test_the_body_of_another_message() -> None:
    """Ours to avoid: nothing of it is sent under the wrong code."""
    with pytest.raises(LocalProtocolError, match="NoBody given instead of WorkDay"):
        WHOLE.build(Sources({"body": NoBody()}))
    with pytest.raises(LocalProtocolError, match="NoBody given instead of WorkDay"):
        WHOLE.build(Sources({"body": None}))
