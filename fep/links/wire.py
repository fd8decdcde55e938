"""Wire 线路: what a link needs of the connection under it."""

from typing import Protocol


class Wire(Protocol):
    """What a link needs of its connection."""

    def send(self, data: bytes) -> None:
        """Write one whole frame."""
        ...

    def close(self) -> None:
        """Close after what has been written."""
        ...

    def close_gently(self) -> None:
        """Half-close, read on and drop for a short while, then close."""
        ...

    def hold(self) -> None:
        """Read nothing for a moment."""
        ...

    def released(self) -> None:
        """One request less is in work: frames may be taken again."""
        ...
