"""The command line in the tests' own process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fep import cli
from fep.language import choose


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did: its exit code and what it printed."""

    exit_code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run ``fep`` with these words, in English unless they say otherwise."""
    monkeypatch.setenv("FEP_LANG", "en")
    monkeypatch.delenv("FEP_CONFIG", raising=False)

    def run_command(*words: object) -> Outcome:
        capsys.readouterr()
        exit_code = cli.main([str(word) for word in words])
        printed = capsys.readouterr()
        return Outcome(exit_code, printed.out, printed.err)

    yield run_command
    choose(None)


@pytest.fixture
def site(run: Run, tmp_path: Path) -> Path:
    """A directory as ``fep init --demo`` makes it, with twenty accounts."""
    directory = tmp_path / "site"
    assert run("init", directory, "--demo", "--accounts", 20).exit_code == 0
    return directory
