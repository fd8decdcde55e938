"""The terminal 终端: whether somebody sits at it, and leaving nothing of one person's work for the next."""

import sys

import click

from fep.language import say

_CLEAR = "\033[H\033[2J\033[3J"  # home, the screen, and what has scrolled out of it


def is_interactive() -> bool:
    """Tell whether there is somebody who can be asked: a terminal to type at."""
    return sys.stdin.isatty()


def clear() -> None:
    """Empty the screen and what can be scrolled back to, where there is a screen."""
    if sys.stderr.isatty():
        click.echo(_CLEAR, nl=False, err=True, color=True)


def wait_for_enter(*, en: str, zh: str) -> None:
    """Ask for the Enter key; whatever is typed before it is not shown."""
    click.prompt(say(en=en, zh=zh), default="", show_default=False, hide_input=True, prompt_suffix=" ", err=True)
