"""``scripts/chaos`` speaks both languages and tells bad input by its exit code."""

import signal
import sys
from collections.abc import Callable

import pytest

from tests.chaos.__main__ import main

Chaos = Callable[..., int]


@pytest.fixture
def chaos(monkeypatch: pytest.MonkeyPatch) -> Chaos:
    """A way to run the command in this process, whose signals it leaves alone."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(*words: str, language: str = "en") -> int:
        monkeypatch.setenv("FEP_LANG", language)
        monkeypatch.setattr(sys, "argv", ["chaos", *words])
        return main()

    return run


@pytest.mark.parametrize(("language", "said"), [("en", "Seed of the plan"), ("zh", "计划的种子")])
def test_the_help_is_in_both_languages(
    chaos: Chaos, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    """``--help`` says what the command does, in the user's language."""
    assert chaos("--help", language=language) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("words", [("--seconds", "0"), ("--database", "oracle"), ("--sead", "1"), ("more",)])
def test_bad_input_is_exit_code_2(chaos: Chaos, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """A value out of range, an unknown option and a superfluous word are refused in one line."""
    assert chaos(*words) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
