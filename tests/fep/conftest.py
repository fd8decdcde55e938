"""Fixtures of the rim's tests."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.rim import Rim


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return the log events of the test, as they come."""
    with capture_logs() as events:
        yield events


@pytest.fixture
def rim(logs: list[MutableMapping[str, Any]]) -> Rim:
    """Return a rim with five banks and a gate that holds its work."""
    return Rim()
