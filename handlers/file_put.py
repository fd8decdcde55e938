"""FILE_PUT 文件上传: a bank sends a file piece by piece; only one that is right from end to end is taken into use.

What stands of a file is looked up by ``fep.files``, which also does what is decided here.
"""

from dataclasses import dataclass

from handlers.errors import Refusal
from handlers.file_names import named
from protocol.files.errors import Fault, FileInvalid
from protocol.files.formats import FileFormat
from protocol.files.names import FileName
from protocol.files.transfer import FileChunk, FilePutReply
from protocol.record import record
from protocol.response_codes import ResponseCode

_USAGE_COUNTED_EVERY_BYTES = 1 << 20
"""To add up a bank's files takes a look at each of them; so a bank may pass its quota by a megabyte for each part."""


@dataclass(frozen=True, slots=True)
class FileQuotas:
    """How much a bank may store.

    Attributes:
        file_size_max: bytes of one file.
        bank_size_max: bytes of all that the bank has sent, parts included.
        part_count_max: files that have been begun and are not complete.
    """

    file_size_max: int
    bank_size_max: int
    part_count_max: int


@record
class Received:
    """The complete file that stands under the name; ``sha256`` 32 bytes."""

    size: int
    sha256: bytes


@record
class Usage:
    """What a bank has stored besides one part: bytes of all its files, and how many other parts."""

    size: int
    part_count: int


@record
class Step:
    """What is done with a chunk: written or not, and how many bytes there are then."""

    is_written: bool
    next_offset: int


def name_of_put(body: FileChunk, bank_code: str, files: FileFormat) -> FileName:
    """Return what the name stands for.

    Raises:
        Refusal: 4001, it is no name of a file that this bank sends.
    """
    name = named(body.file_name, bank_code, files)
    if not name.kind.is_from_bank:
        raise Refusal(ResponseCode.NO_SUCH_FILE)
    return name


def check_size(body: FileChunk, quotas: FileQuotas) -> None:
    """Refuse, at its first chunk, a file that could not be taken at its last (4002)."""
    if body.total_size == 0:
        raise wrong_content(FileInvalid(Fault.EMPTY, 1))
    if body.total_size > quotas.file_size_max:
        raise Refusal(
            ResponseCode.FILE_CONTENT_WRONG,
            reason=f"longer than file_size_max, {quotas.file_size_max} bytes",
            detail=f"文件超过 {quotas.file_size_max} 字节",
        )


def repeated(body: FileChunk, received: Received) -> FilePutReply:
    """Return the reply to a file that was received before; one that differs is refused (4002)."""
    if (body.total_size, body.sha256) != (received.size, received.sha256):
        raise Refusal(
            ResponseCode.FILE_CONTENT_WRONG,
            reason="another file of this name was received before",
            detail="同名文件已接收, 内容不同",
        )
    return FilePutReply(body.file_name, received.size, is_complete=True)


def counts_usage(body: FileChunk, part_size: int) -> bool:
    """Tell whether the bank's quota is to be looked at for this chunk: the first one, and some later ones."""
    step = _step(body, part_size)
    every = _USAGE_COUNTED_EVERY_BYTES
    return step.is_written and (part_size == 0 or part_size // every != step.next_offset // every)


def next_step(body: FileChunk, part_size: int, usage: Usage | None, quotas: FileQuotas) -> Step:
    """Return what to do with a chunk of a file of which there are ``part_size`` bytes.

    A chunk that does not begin where we are is not written: the reply says where to go on. So is an empty one, by
    which a bank asks.

    Args:
        body: the chunk.
        part_size: bytes that have been written.
        usage: where ``counts_usage``, what else the bank has stored.
        quotas: what it may.

    Raises:
        Refusal: 4002, there is more than the file is to have; 1011, a quota is used up.
    """
    if part_size > body.total_size:
        raise Refusal(
            ResponseCode.FILE_CONTENT_WRONG, reason="total_size is less than before", detail="total_size 小于先前所报"
        )
    step = _step(body, part_size)
    if step.is_written and usage is not None:
        _check_usage(body, part_size, usage, quotas)
    return step


def wrong_digest() -> Refusal:
    """Return the refusal of a file whose bytes have another digest than the bank says."""
    return Refusal(
        ResponseCode.FILE_CONTENT_WRONG, reason="SHA-256 is not that of the bytes received", detail="SHA-256 不符"
    )


def wrong_content(invalid: FileInvalid) -> Refusal:
    """Return the refusal of a file that does not fit its layout: it says line and reason."""
    return Refusal(ResponseCode.FILE_CONTENT_WRONG, reason=str(invalid), detail=f"第 {invalid.line} 行 {invalid.gloss}")


def _step(body: FileChunk, part_size: int) -> Step:
    if not body.chunk or body.offset != part_size:
        return Step(is_written=False, next_offset=part_size)
    return Step(is_written=True, next_offset=part_size + len(body.chunk))


def _check_usage(body: FileChunk, part_size: int, usage: Usage, quotas: FileQuotas) -> None:
    if part_size == 0 and usage.part_count >= quotas.part_count_max:
        raise Refusal(
            ResponseCode.BUSY,
            reason=f"part_count_max, {quotas.part_count_max} files are not complete yet",
            detail=f"未传完的文件已达 {quotas.part_count_max} 个",
        )
    if usage.size + body.total_size > quotas.bank_size_max:
        raise Refusal(
            ResponseCode.BUSY,
            reason=f"bank_size_max, the bank's files would have more than {quotas.bank_size_max} bytes",
            detail="文件空间不足",
        )
