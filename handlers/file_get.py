"""FILE_GET 文件下载: a bank reads a file piece by piece, each with the digest of the whole."""

from handlers.errors import Refusal
from protocol.files.transfer import FileGetRequest
from protocol.response_codes import ResponseCode

SIZE_MAX = 0xFFFF_FFFF
"""Bytes of a file whose size a chunk can say."""


def check(body: FileGetRequest, size: int) -> None:
    """Check that a chunk of a file of ``size`` bytes may be had.

    Raises:
        Refusal: 4002, the file is too large for any chunk; 1003, the chunk would begin behind its end. At its end
            there is an empty one.
    """
    if size > SIZE_MAX:
        raise Refusal(
            ResponseCode.FILE_CONTENT_WRONG, reason=f"longer than {SIZE_MAX} bytes", detail=f"文件超过 {SIZE_MAX} 字节"
        )
    if body.offset > size:
        raise Refusal(ResponseCode.FORMAT_ERROR)
