"""Options 可选项: what a site may choose of a format, in ``[dialect.NAME]`` of its configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


class OptionInvalid(ValueError):
    """A value is none that the option has; ``name`` of the option, and what it may be in both languages."""

    def __init__(self, name: str, must: str, must_zh: str) -> None:
        super().__init__(f"{name} must be {must}")
        self.name, self.must, self.must_zh = name, must, must_zh


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a site may choose.

    Attributes:
        name: its key.
        values: what it may be, the default first; of free text the default alone.
        meaning: for the interface document, in English.
        gloss: the same in Chinese.
        pattern: what free text must match.
        must: the same in words, in English and Chinese.
    """

    name: str
    values: tuple[str, ...]
    meaning: str
    gloss: str
    pattern: str = ""
    must: tuple[str, str] = ("", "")

    def checked(self, value: str) -> str:
        """Return ``value``; OptionInvalid when the option has no such value."""
        if self.pattern:
            if not re.fullmatch(self.pattern, value):
                must, must_zh = self.must
                like = self.pattern
                raise OptionInvalid(self.name, must or f"text like {like}", must_zh or f"符合 {like} 的文字")
        elif value not in self.values:
            words = ", ".join(f'"{word}"' for word in self.values)
            raise OptionInvalid(self.name, f"one of {words}", f"其一: {words}")
        return value


def chosen(options: tuple[Option, ...], values: Mapping[str, str]) -> dict[str, str]:
    """Return the value of each option: as in ``values``, else its default.

    Raises:
        OptionInvalid: a value is none of the option's, or there is no such option.
    """
    names = [option.name for option in options]
    for name in values:
        if name not in names:
            words = ", ".join(names) or "none"
            raise OptionInvalid(name, f"one of the options of this format ({words})", f"该格式的可选项之一 ({words})")
    return {option.name: option.checked(values.get(option.name, option.values[0])) for option in options}
