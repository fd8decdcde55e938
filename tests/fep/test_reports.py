"""Tables for operators."""

import io
import sys

import pytest

from fep.reports import Report


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def report() -> Report:
    made = Report("bank", "name")
    made.row("0102", "工商银行 [演示]")
    return made


def test_a_pipe_gets_tab_separated_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A script cuts them without knowing widths."""
    report().show()
    assert capsys.readouterr().out == "bank\tname\n0102\t工商银行 [演示]\n"


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every value as it is, brackets included."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    report().show()
    shown = terminal.getvalue()
    assert "工商银行 [演示]" in shown
    assert "\t" not in shown
