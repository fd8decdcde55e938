"""The terminal 终端: whether somebody sits at it, and leaving nothing of one person's work for the next."""

import sys

import click

_CLEAR = "\033[H\033[2J\033[3J"  # home, the screen, and what has scrolled out of it


def is_interactive() -> bool:
    """Tell whether there is somebody who can be asked: a terminal to type at."""
    return sys.stdin.isatty()


def clear() -> None:
    """Empty the screen and what can be scrolled back to, where there is a screen."""
    if sys.stderr.isatty():
        click.echo(_CLEAR, nl=False, err=True, color=True)
