"""Patcher 报文改写: bytes of a layout with some fields overwritten, as a reply's header is made of its request's."""

from collections.abc import Sequence
from struct import Struct

from protocol.errors import LocalProtocolError
from protocol.fields import FieldInvalid, FieldType, Octets, struct_of

Place = tuple[str, int, FieldType]
"""Key, offset and type of a field."""


class Patcher:
    """Overwrites some fields; what stands in the others, well formed or not, is not looked at.

    Args:
        path: how errors call the layout.
        places: the fields, in the order in which their values are given.
        size: bytes of the layout.
    """

    __slots__ = ("_builders", "_kept", "_keys", "_path", "_pieces")

    def __init__(self, path: str, places: Sequence[Place], size: int) -> None:
        self._path = path
        pieces: list[FieldType] = []  # what is kept, a field, what is kept, a field, …, what is kept
        kept = ">"
        self._keys: dict[int, str] = {}  # by the index of a field's piece
        end = 0
        for key, offset, kind in sorted(places, key=lambda place: place[1]):
            self._keys[len(pieces) + 1] = key
            pieces += (Octets(offset - end), kind)
            kept += f"{offset - end}s{kind.size}x"
            end = offset + kind.size
        self._kept = Struct(f"{kept}{size - end}s")
        self._pieces = struct_of((*pieces, Octets(size - end)))
        slots = {key: slot for slot, key in self._keys.items()}
        self._builders = [(slots[key], kind.build) for key, _, kind in places]

    def __call__(self, data: bytes, *values: object) -> bytes:
        """Return ``data`` with the canonical ``values`` in the fields.

        Raises:
            LocalProtocolError: a value does not fit its field.
        """
        pieces: list[object] = [None] * (2 * len(self._builders) + 1)
        pieces[::2] = self._kept.unpack(data)
        slot = 0
        try:
            for (slot, build), value in zip(self._builders, values, strict=True):
                pieces[slot] = build(value)
        except FieldInvalid as error:
            raise LocalProtocolError(f"{self._path}.{self._keys[slot]}: {error}") from None
        return self._pieces.pack(*pieces)
