"""Fixtures of the tests of dialects."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """Return the log events of the test, as they come."""
    with capture_logs() as events:
        yield events
