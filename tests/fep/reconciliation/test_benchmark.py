"""The benchmark of a million rows, in small: what it plants is found, and nothing else."""

import sys
from pathlib import Path

import pytest

from tests.support.postgresql_server import binaries, running_server, why_missing

SCRIPTS = Path(__file__).parents[3] / "scripts" / "benchmarks"


@pytest.mark.slow
def test_what_is_planted_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 payments, of which 50 differ in each way; the benchmark itself refuses any other result."""
    if binaries() is None:
        pytest.skip(why_missing())
    monkeypatch.syspath_prepend(str(SCRIPTS))
    benchmark = __import__("reconcile")
    monkeypatch.delitem(sys.modules, "reconcile")
    with running_server() as server:
        assert benchmark.run(server, tmp_path, 20_000, 50) > 0
