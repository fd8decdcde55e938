"""``scripts/soak`` speaks both languages and tells bad input by its exit code."""

import signal
import sys
from collections.abc import Callable

import pytest

from tests.soak.__main__ import main

Soak = Callable[..., int]


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Soak:
    """A way to run the command in this process, whose signals it leaves alone."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)

    def run(*words: str, language: str = "en") -> int:
        monkeypatch.setenv("FEP_LANG", language)
        monkeypatch.setattr(sys, "argv", ["soak", *words])
        return main()

    return run


@pytest.mark.parametrize(("language", "said"), [("en", "Let a week pass in an hour"), ("zh", "一小时模拟一周")])
def test_the_help_is_in_both_languages(
    soak: Soak, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    """``--help`` says what the command does, in the user's language."""
    assert soak("--help", language=language) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("words", [("--minutes", "0"), ("--banks", "7"), ("--clock", "fast"), ("--sead", "1"), ("x",)])
def test_bad_input_is_exit_code_2(soak: Soak, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    """A value out of range, an unknown option and a superfluous word are refused in one line."""
    assert soak(*words) == 2
    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)


def test_without_a_compiler_there_is_no_scaled_clock(
    soak: Soak, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for by name it cannot be had; that is exit code 3, with the reason."""
    monkeypatch.setattr("tests.soak.scaled_clock.compiler", lambda: None)
    assert soak("--clock", "scaled", "--database", "sqlite") == 3
    assert "C compiler" in capsys.readouterr().err
