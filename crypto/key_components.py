"""Components 密钥分量: a key in parts that make it by XOR, each with one custodian; all but one say nothing of it."""

from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from operator import xor
from secrets import token_bytes

from crypto.errors import KeyFault, KeyRefused
from crypto.keys import Key

_GROUP_DIGITS = 4


def split_key(key: Key, names: Sequence[str]) -> list[Key]:
    """Return one random component for each name, two or more; none is zeros, and no two are equal."""
    while True:
        secrets = [token_bytes(len(key)) for _ in names[1:]]
        last = reduce(xor, map(int.from_bytes, secrets), int.from_bytes(key.secret)).to_bytes(len(key))
        secrets.append(last)
        if all(map(any, secrets)) and len(set(secrets)) == len(secrets):
            return [Key(name, secret) for name, secret in zip(names, secrets, strict=True)]


def sheet_text(component: Key) -> str:
    """Return a component as its custodian writes it down: upper-case hex in groups of four. For his eyes alone."""
    digits = component.secret.hex().upper()
    return " ".join(digits[at : at + _GROUP_DIGITS] for at in range(0, len(digits), _GROUP_DIGITS))


def combine_key(label: str, components: Sequence[Key]) -> Key:
    """Return the key that the components make; they have one length.

    A component of zeros adds nothing, and two that are equal cancel each other out: what is left would be known to
    fewer people than it seems.

    Raises:
        KeyRefused: A component or the key is zeros, or two components are equal; names which.
    """
    for component in components:
        if component.is_zero:
            raise KeyRefused(component.label, KeyFault.ZERO)
    for first, second in combinations(components, 2):
        if first == second:
            raise KeyRefused(label, KeyFault.COMPONENTS_EQUAL, f"{first.label}, {second.label}")
    combined = reduce(xor, (int.from_bytes(component.secret) for component in components))
    if combined == 0:
        raise KeyRefused(label, KeyFault.ZERO)
    return Key(label, combined.to_bytes(len(components[0])))
