"""Routing 路由: which database an account stands in, by the prefix of its number."""

from collections.abc import Mapping
from typing import Generic, TypeVar

Target = TypeVar("Target")


class Routes(Generic[Target]):
    """Where account numbers lead: the longest prefix that fits decides.

    Args:
        targets: by prefix; each prefix leads to one target, a target may have many.
    """

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = dict(targets)
        self._lengths = sorted(set(map(len, targets)), reverse=True)

    def find(self, account_no: str) -> Target | None:
        """Return the target of ``account_no``, None when no prefix fits. One look-up for each length of prefixes."""
        for length in self._lengths:
            target = self._targets.get(account_no[:length])
            if target is not None:
                return target
        return None
