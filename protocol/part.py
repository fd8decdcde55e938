"""Parts 报文部分: what a header or a body is to those who read and build whole messages."""

from typing import Any, Protocol

from protocol.bound import Reading, Sources


class Part(Protocol):
    """A header or a body: a ``Sheet``, a ``Whole`` layout, or ``Elements``."""

    def read(self, data: bytes, reading: Reading) -> None:
        """Put what ``data`` says into ``reading``; MessageInvalid names the field that does not fit."""
        ...

    def named(self, data: bytes) -> dict[str, object]:
        """Return every field of ``data`` by its name in the document; MessageInvalid when one does not fit."""
        ...

    def where_at(self, place: str) -> str:
        """Return how errors call the field that is bound to ``place``."""
        ...

    def content(self, data: bytes, reading: Reading) -> bytes:
        """Return what says what is asked, by which a repeat is told from another request under its serial."""
        ...

    def build(self, sources: Sources) -> Any:
        """Return what the packager makes a message from; LocalProtocolError when a value does not fit."""
        ...
