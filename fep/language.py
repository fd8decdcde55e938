"""Language 界面语言: whatever a user sees is written in English and Chinese, side by side, where it is used.

``say(en=..., zh=...)`` gives the text now; ``Text`` keeps both until it is shown (findings, help texts). The language
is what ``--lang`` or ``FEP_LANG`` says, else what the locale says (LC_ALL, LC_MESSAGES, LANG), else English.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from os import environ
from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # POSIX: the first that is set and not empty decides

_chosen: ContextVar[Language | None] = ContextVar("language", default=None)


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; ``str`` gives it in the user's."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en


def say(*, en: str, zh: str) -> str:
    """Return the text in the user's language."""
    return str(Text(en, zh))


def language() -> Language:
    """Return the language in use."""
    return _chosen.get() or language_of(environ)


def choose(name: Language | None) -> None:
    """Use this language from now on; None goes back to what the environment says."""
    _chosen.set(name)


def language_of(variables: Mapping[str, str]) -> Language:
    """Return the language that environment variables ask for.

    An ``FEP_LANG`` that is none of ours counts as not set: a command must not fail over the language it fails in.
    """
    wanted = variables.get("FEP_LANG", "")
    if wanted in LANGUAGES:
        return "zh" if wanted == "zh" else "en"
    locale = next((variables[name] for name in _LOCALE_VARIABLES if variables.get(name)), "")
    return "zh" if locale.lower().startswith("zh") else "en"
