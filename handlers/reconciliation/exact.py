"""Exact matching 逐笔勾对: finds the rows that are equal on both sides, nearly all, without keeping any of them.

Of each row 64 bits are kept: Python's hash of its key, SipHash under a random key of the process. So nobody can choose
rows whose hashes are equal, and by chance a row that differs passes for one of a million others once in some 10^13
times; a row that is equal is never taken for one that differs.
"""

from array import array
from collections.abc import Container, Iterable, Sequence
from itertools import pairwise


class TooManyLeft(Exception):
    """So many rows of one side are not in the other that it cannot be the file of that day."""


class ExactMatching:
    """The keys of both sides: first all of the bank's, in the order of its file, then ours.

    Args:
        left_max: left-over rows of a side that are still worked with.
    """

    def __init__(self, left_max: int) -> None:
        self._left_max = left_max
        self._hashes = array("q")
        self._waiting: set[int] = set()
        self._repeated: set[int] = set()
        self._left_count = 0

    def add(self, keys: Iterable[str]) -> None:
        """Add rows of the bank's file."""
        self._hashes.extend(map(hash, keys))

    def begin(self) -> None:
        """Begin with our rows, all of the bank's having been added; from the beginning when it was begun before."""
        self._left_count = 0
        self._waiting = set(self._hashes)
        if len(self._waiting) < len(self._hashes):
            in_order = sorted(self._hashes)
            self._repeated = {first for first, second in pairwise(in_order) if first == second}

    def left_of(self, keys: Sequence[str]) -> Sequence[str]:
        """Return which of these rows of ours the bank's file does not have; what it has is matched.

        Raises:
            TooManyLeft: there are more than ``left_max`` by now.
        """
        hashes = list(map(hash, keys))
        left: list[str] = []
        if not self._waiting.issuperset(hashes):
            left = [key for key, hashed in zip(keys, hashes, strict=True) if hashed not in self._waiting]
            self._left_count += len(left)
            if self._left_count > self._left_max:
                raise TooManyLeft
        self._waiting.difference_update(hashes)
        return left

    def left_places(self) -> list[int]:
        """Return which rows of the bank's file, from 0, we do not have; of equal rows the first is the matched one.

        Raises:
            TooManyLeft: there are more than ``left_max``.
        """
        if len(self._waiting) > self._left_max:
            raise TooManyLeft
        special = self._waiting | self._repeated
        places = self.places(special)
        matched = self._repeated - self._waiting
        left = []
        for place in places:
            hashed = self._hashes[place]
            if hashed in matched:
                matched.discard(hashed)
            else:
                left.append(place)
        if len(left) > self._left_max:
            raise TooManyLeft
        return left

    def places(self, hashes: Container[int]) -> list[int]:
        """Return the places of the bank's rows with one of these hashes."""
        return [place for place, hashed in enumerate(self._hashes) if hashed in hashes]

    def places_of(self, keys: Iterable[str]) -> dict[str, list[int]]:
        """Return the places of the bank's rows with these keys, from 0 and in the order of the file, by key."""
        by_hash = {hash(key): key for key in keys}
        found: dict[str, list[int]] = {key: [] for key in by_hash.values()}
        for place in self.places(by_hash):
            found[by_hash[self._hashes[place]]].append(place)
        return found
