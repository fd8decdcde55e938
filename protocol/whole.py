"""Whole bodies 整体报文体: a body that is one canonical object, field for field, as a ``Layout`` describes it."""

from typing import Any

from protocol.bound import Reading, Sources
from protocol.canonical.link import NoBody
from protocol.layout import Layout


class Whole:
    """A body of one layout.

    Args:
        layout: of the canonical object.
    """

    def __init__(self, layout: Layout[Any]) -> None:
        self.layout = layout
        self.size = layout.size

    def read(self, data: bytes, reading: Reading) -> None:
        """Put the canonical object of ``data`` into ``reading``; MessageInvalid when it does not fit."""
        reading.body = self.layout.parse(data)

    def where_at(self, place: str) -> str:
        """Return how errors call the field that is bound to ``place``."""
        return f"body.{place.partition('.')[2]}"

    def named(self, data: bytes) -> dict[str, object]:
        """Return every field of ``data`` but the reserved ones by its name in the interface document."""
        return self.layout.named(data)

    def content(self, data: bytes, _reading: Reading) -> bytes:
        """Return what says what is asked, by which a repeat is told from another request under its serial."""
        return data

    def build(self, sources: Sources) -> bytes:
        """Return the bytes of the body in ``sources``; LocalProtocolError when it is another's, or does not fit."""
        body = sources.scopes["body"]
        return self.layout.build(NoBody() if body is None else body)
