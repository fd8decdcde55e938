"""Bindings 取值: what a field stands for, when that is no place in the canonical message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Echo:
    """In a reply, what the request had in its field ``name``."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """Always ``value`` when it is built; not looked at when it is read."""

    value: object


@dataclass(frozen=True, slots=True)
class Equal:
    """What the field ``name`` before it says, or blank; the same when it is built."""

    name: str


@dataclass(frozen=True, slots=True)
class Blank:
    """Blank when it is built, and refused for ``reason`` when it is read as anything else."""

    reason: str


Binding = str | Echo | Constant | Equal | Blank
"""A place in the canonical message, or one of the above; an empty string is nowhere."""
