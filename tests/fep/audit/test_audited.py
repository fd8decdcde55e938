"""No command that changes something is left out of the audit log."""

import click
import pytest

from fep.audit.audited import AUDITED, NOT_AUDITED
from fep.audit.lines import Kind
from fep.cli import fep

LOOKS = {
    *("check-config", "status", "links", "recon list", "recon show", "debit list", "debit show", "day list"),
    *("report day", "report month", "report arrears", "report statistics", "report doubtful", "push list", "push show"),
    *("audit list", "audit log", "audit verify", "audit sums", "keys list", "keys kcv", "keys proposals"),
}
"""Commands that change nothing."""


def commands(group: click.Group, *words: str) -> list[str]:
    context, found = click.Context(group), []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found += commands(command, *words, name) if isinstance(command, click.Group) else [" ".join((*words, name))]
    return found


def test_every_command_is_known() -> None:
    """Each one is told of, or looks only, or is told of otherwise; and there are no others in the list."""
    there = set(commands(fep))
    assert there == AUDITED.keys() | NOT_AUDITED | LOOKS & there
    assert not LOOKS & AUDITED.keys()


@pytest.mark.parametrize("words", [words for words in AUDITED if words.startswith("keys")])
def test_acts_on_keys(words: str) -> None:
    """They are not done when they cannot be told."""
    assert AUDITED[words] is Kind.KEY_ACT
