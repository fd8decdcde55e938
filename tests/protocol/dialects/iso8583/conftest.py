"""Every test of ISO 8583 runs in both forms."""

import pytest

from tests.protocol.dialects.iso8583.frames import FORMS


@pytest.fixture(params=FORMS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a form."""
    chosen: str = request.param
    return chosen
