"""Command line 命令行: commands, options and messages in both languages, on click.

Help texts are ``Text`` and chosen when they are shown, after ``--lang`` has been read. click's own messages are put
into the user's language by their kind.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import click
from click.exceptions import BadOptionUsage, MissingParameter, NoSuchCommand, NoSuchOption

from fep.language import LANGUAGES, Language, Text, choose, language, say

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}")
_TEXT_WIDTH_ZH = 44  # click wraps by characters, and a Chinese one is two columns wide


class Option(click.Option):
    """An option whose help is in both languages."""

    def __init__(self, *args: Any, text: Text, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._text = text

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option as the help shows it."""
        self.help = str(self._text)
        return super().get_help_record(ctx)


class _Bilingual(click.Command):
    """What commands and groups have in common."""

    def __init__(self, *args: Any, text: Text, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.text = text
        self.params.append(_language_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, ``--lang`` first: click acts on ``--help`` before it looks at what stands behind."""
        for name in LANGUAGES:
            if f"--lang={name}" in args or ("--lang", name) in pairwise(args):
                choose(name)
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Return the help in the user's language."""
        self.help = str(self.text)
        if language() == "zh":
            ctx.max_content_width = ctx.terminal_width = _TEXT_WIDTH_ZH + 24
        return super().get_help(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first sentence of the help; one that is longer than a line goes on in the next."""
        if language() == "zh":
            return self.text.zh.partition("\n")[0].rstrip("。")
        paragraph = " ".join(self.text.en.partition("\n\n")[0].split())
        return paragraph.partition(". ")[0].rstrip(".")

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return ``--help``, explained."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = say(en="Show this help and exit.", zh="显示本帮助。")
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the line that shows how the command is used."""
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=say(en="Usage: ", zh="用法: "))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        options = [parameter for parameter in self.get_params(ctx) if not isinstance(parameter, click.Argument)]
        records = [parameter.get_help_record(ctx) for parameter in options]
        with formatter.section(say(en="Options", zh="选项")):
            formatter.write_dl([record for record in records if record is not None])


class Command(_Bilingual):
    """A command whose help is in both languages; what it does stands in the audit log, where it is one of those."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        # Left-over arguments are refused below: click's own refusal is English, and not told from other usage errors.
        super().__init__(*args, context_settings={"allow_extra_args": True}, **attributes)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        from fep.audit.audited import AUDITED

        words = ctx.command_path.partition(" ")[2]
        kind = AUDITED.get(words)
        if kind is None:
            return super().invoke(ctx)
        from fep.audit.command_log import run_told

        return run_told(words, kind, ctx.params, partial(super().invoke, ctx))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; one too many is refused."""
        rest = super().parse_args(ctx, args)
        if rest:
            extra = " ".join(rest)
            raise click.UsageError(say(en=f"unexpected argument: {extra}", zh=f"多余的参数: {extra}"), ctx)
        return rest


class Group(_Bilingual, click.Group):
    """Commands under one name; each is imported when it is needed, so that ``--help`` is quick.

    Args:
        modules: ``name: "module:attribute"`` of its commands.
    """

    def __init__(self, *args: Any, modules: dict[str, str] | None = None, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self._modules = modules or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which an operator meets them."""
        return [*self._modules, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name."""
        if cmd_name in self._modules:
            module, _, attribute = self._modules[cmd_name].partition(":")
            return cast("click.Command", getattr(import_module(module), attribute))
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; one that does not exist is answered with the nearest."""
        if not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise NoSuchCommand(args[0], possibilities=self.list_commands(ctx), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section(say(en="Commands", zh="命令")):
            formatter.write_dl([(name, found.get_short_help_str(80)) for name, found in commands if found is not None])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write options and commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


class WholeNumber(click.ParamType[int]):
    """A whole number in bounds, both included."""

    name = "number"

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number."""
        text = str(value)
        if text.removeprefix("-").isascii() and text.removeprefix("-").isdigit():
            number = int(text)
            if self._least <= number <= self._most:
                return number
        return self.fail(
            say(
                en=f"expected a whole number from {self._least} to {self._most}, not '{text}'",
                zh=f"应为 {self._least} 到 {self._most} 的整数, 实为 '{text}'",
            ),
            param,
            ctx,
        )


class Day(click.ParamType[date]):
    """A day as ``YYYY-MM-DD`` or ``YYYYMMDD``; weeks and days of the year, which ISO 8601 has too, are none."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day; a usage error when it is none."""
        if isinstance(value, date):  # a default
            return value
        if _DAY.fullmatch(str(value)):
            try:
                return date.fromisoformat(str(value))
            except ValueError:
                pass
        return self.fail(
            say(en=f"{value}: not a day as YYYY-MM-DD", zh=f"{value}: 不是 YYYY-MM-DD 形式的日期"), param, ctx
        )


class Choice(click.ParamType[str]):
    """One of these words."""

    name = "choice"

    def __init__(self, *words: str) -> None:
        self._words = words

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the words, as the help shows them."""
        return f"[{'|'.join(self._words)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if value in self._words:
            return str(value)
        words = ", ".join(self._words)
        return self.fail(say(en=f"expected one of {words}, not '{value}'", zh=f"应为 {words} 之一"), param, ctx)


def option(*declarations: str, en: str, zh: str, **attributes: Any) -> Callable[[Callable[..., Any]], Any]:
    """Add an option with its help in both languages to a command."""
    return click.option(*declarations, cls=Option, text=Text(en, zh), **attributes)


def command(name: str, *, en: str, zh: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a command with its help in both languages."""
    return click.command(name, cls=Command, text=Text(en, zh))


def config_option(function: Callable[..., Any]) -> Any:
    """Add ``--config``."""
    return option(
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        default=Path("fep.toml"),
        envvar="FEP_CONFIG",
        metavar="FILE",
        en="Configuration; FEP_CONFIG or fep.toml here when not given.",
        zh="配置文件; 缺省为 FEP_CONFIG 或当前目录的 fep.toml。",
    )(function)


def confirm(question: str) -> bool:
    """Ask on the terminal; whatever is not a yes is a no, so there is nothing to ask twice."""
    answer: str = click.prompt(f"{question} [y/N]", default="", show_default=False, err=True)
    return answer.strip().lower() in {"y", "yes", "是"}


def usage_message(error: click.UsageError) -> str:
    """Return what is wrong with the command line, in the user's language."""
    if language() == "en":
        return error.format_message()
    if isinstance(error, MissingParameter):
        return f"缺少 {_hint(error)}"
    if isinstance(error, click.BadParameter):
        return f"{_hint(error)} 的值无效: {error.message}"
    if isinstance(error, NoSuchOption):
        return f"没有选项 {error.option_name}{_nearest(error.possibilities)}"
    if isinstance(error, NoSuchCommand):
        return f"没有命令 {error.command_name}{_nearest(error.possibilities)}"
    if isinstance(error, BadOptionUsage):
        return f"选项 {error.option_name} 用法有误"
    return error.message


def _hint(error: click.BadParameter) -> str:
    return error.param.get_error_hint(cast("click.Context", error.ctx)) if error.param is not None else ""


def _nearest(possibilities: list[str] | None) -> str:
    return f"; 是否指 {', '.join(possibilities)}" if possibilities else ""


def _language_option() -> Option:
    def chosen(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
        if value is not None:
            choose(cast("Language", value))

    return Option(
        ["--lang"],
        type=Choice(*LANGUAGES),
        is_eager=True,
        expose_value=False,
        callback=chosen,
        text=Text("Language; FEP_LANG or the locale when not given.", "语言; 缺省取 FEP_LANG 或系统区域设置。"),
    )
