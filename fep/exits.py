"""Exits 退出: how processes of ours end: their exit codes, and the failure that tells a user why."""

from fep.language import Text

EXIT_DONE, EXIT_FINDINGS, EXIT_BAD_INPUT, EXIT_CANNOT_RUN = range(4)
"""Of every command: done; findings or differences; bad input or configuration; cannot run."""


class CommandFailed(Exception):
    """A command cannot go on: what to tell the user, and how it exits."""

    def __init__(self, exit_code: int, *, en: str, zh: str) -> None:
        self.exit_code = exit_code
        self.text = Text(en, zh)
        super().__init__(en)

    def __str__(self) -> str:
        return str(self.text)
