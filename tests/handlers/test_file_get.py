"""FILE_GET: which chunks of a file there are."""

import pytest

from handlers.errors import Refusal
from handlers.file_get import check
from protocol.files.transfer import FileGetRequest


@pytest.mark.parametrize(
    ("offset", "size", "code"),
    [
        (0, 0, None),
        (0, 10, None),
        (10, 10, None),
        (11, 10, "1003"),
        (0, 0xFFFF_FFFF, None),
        (0, 0x1_0000_0000, "4002"),
        (0xFFFF_FFFF, 0xFFFF_FFFE, "1003"),
    ],
)
def test_offsets(offset, size, code):
    """From the beginning to the end, where there is an empty chunk; never of a file whose size cannot be said."""
    body = FileGetRequest("DZR010220261121.txt", offset)
    if code is None:
        check(body, size)
        return
    with pytest.raises(Refusal) as refused:
        check(body, size)
    assert refused.value.response_code.code == code
