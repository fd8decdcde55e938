"""Options 报表选项: what all reports take, and what narrows them, on the command line."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from functools import wraps
from itertools import combinations
from pathlib import Path
from typing import Any

import click

from dbgate.records import UserClass
from dbgate.reports.criteria import Criteria, Dimension, Period
from fep.clock import shanghai_now
from fep.command_line import Choice, Day, WholeNumber, option
from fep.language import say
from fep.listings.outputs import Outputs, is_beside

CHANNEL_MAX = 99
_MONTH = re.compile(r"([0-9]{4})-?([0-9]{2})")
VALUES_MAX = 1000
"""Values of one option: what an IN list takes on Oracle (``dbgate.reports.criteria``)."""


class Month(click.ParamType[date]):
    """A month as ``YYYY-MM`` or ``YYYYMM``; its first day."""

    name = "month"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the first day of the month; a usage error when it is none."""
        found = _MONTH.fullmatch(str(value))
        try:
            if found is not None:
                return date(int(found[1]), int(found[2]), 1)
        except ValueError:
            pass
        return self.fail(say(en=f"{value}: not a month as YYYY-MM", zh=f"{value}: 不是 YYYY-MM 形式的月份"), param, ctx)


class Yuan(click.ParamType[int]):
    """An amount in yuan with up to two decimals, as int fen."""

    name = "yuan"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the amount in fen; a usage error when it is none, or not above zero."""
        if isinstance(value, int):  # the default
            return value
        try:
            fen = Decimal(str(value)) * 100
        except InvalidOperation:
            fen = Decimal(0)
        if not fen.is_finite() or fen <= 0 or fen != fen.to_integral_value():
            self.fail(say(en=f"{value}: not an amount in yuan", zh=f"{value}: 不是以元为单位的金额"), param, ctx)
        return int(fen)


class Dimensions(click.ParamType[tuple[Dimension, ...]]):
    """Names of dimensions, separated by commas; a teller brings its outlet and bank, an outlet its bank."""

    name = "dimensions"

    def __init__(self, *allowed: Dimension) -> None:
        self._allowed = {dimension.value: dimension for dimension in allowed}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Dimension, ...]:
        """Return them in the order given, each once."""
        if isinstance(value, tuple):
            return value
        names = [name.strip() for name in str(value).split(",") if name.strip()]
        unknown = [name for name in names if name not in self._allowed]
        if unknown:
            allowed = ", ".join(self._allowed)
            self.fail(
                say(en=f"{unknown[0]}: not one of {allowed}", zh=f"{unknown[0]}: 应为 {allowed} 之一"), param, ctx
            )
        return _completed([self._allowed[name] for name in names])


# Numbers of outlets are the bank's own, and those of tellers the outlet's.
_IMPLIED = {Dimension.OUTLET: (Dimension.BANK,), Dimension.TELLER: (Dimension.BANK, Dimension.OUTLET)}


def _completed(dimensions: list[Dimension]) -> tuple[Dimension, ...]:
    found: dict[Dimension, None] = {}
    for dimension in dimensions:
        found |= dict.fromkeys([*_IMPLIED.get(dimension, ()), dimension])
    return tuple(found)


def output_options(function: Callable[..., Any]) -> Any:
    """Add ``--csv``, ``--xlsx`` and ``--unmasked``; the function takes them as ``outputs``."""

    @wraps(function)
    def with_outputs(*args: Any, csv_path: Path | None, xlsx_path: Path | None, is_unmasked: bool, **rest: Any) -> Any:
        refuse_same_file({"--csv": csv_path, "--xlsx": xlsx_path})
        return function(*args, outputs=Outputs(csv_path, xlsx_path, is_masked=not is_unmasked), **rest)

    for add in (_unmasked_option, _xlsx_option, _csv_option):
        add(with_outputs)
    return with_outputs


def refuse_same_file(paths: Mapping[str, Path | None]) -> None:
    """Refuse two options that name one file, however it is written, or one beside ``--csv`` that a table may take.

    Raises:
        click.UsageError: they do; the one that ends last would take the other's place.
    """
    given = [(name, path.resolve()) for name, path in paths.items() if path is not None]
    for (one, first), (other, second) in combinations(given, 2):
        if first == second:
            raise click.UsageError(say(en=f"{one} and {other} name one file", zh=f"{one} 和 {other} 指向同一文件"))
        if one == "--csv" and is_beside(first, second):
            raise click.UsageError(
                say(
                    en=f"{other}: a further table of --csv may take the name {second.name}",
                    zh=f"{other}: --csv 的其他表可能使用文件名 {second.name}",
                )
            )


OUTPUT_FILE = click.Path(path_type=Path, dir_okay=False)
_xlsx_option = option(
    *("--xlsx", "xlsx_path"),
    type=OUTPUT_FILE,
    metavar="FILE",
    en="Write a workbook, a sheet for each table; long lists go there only.",
    zh="写入工作簿, 每表一页; 长清单只写入文件。",
)
_csv_option = option(
    *("--csv", "csv_path"),
    type=OUTPUT_FILE,
    metavar="FILE",
    en="Write CSV: the first table to FILE, others beside it (FILE-NAME.csv).",
    zh="写入 CSV: 首表写入 FILE, 其余写在旁边 (FILE-名称.csv)。",
)
_unmasked_option = option(
    *("--unmasked", "is_unmasked"),
    is_flag=True,
    en="Show account numbers whole on the screen; in files they are.",
    zh="屏幕上显示完整户号 (文件中本来完整)。",
)
names_option = option(
    *("--names", "with_names"),
    is_flag=True,
    en="Show customers' names and addresses in lists.",
    zh="清单中显示用户的户名和地址。",
)


def _at_most(ctx: click.Context, param: click.Parameter, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse more values than a statement takes."""
    if len(values) > VALUES_MAX:
        why = say(en=f"{len(values)} values; at most {VALUES_MAX}", zh=f"{len(values)} 个值; 最多 {VALUES_MAX} 个")
        raise click.BadParameter(why, ctx, param)
    return values


def _narrowing(*declarations: str, en: str, zh: str, **attributes: Any) -> Callable[[Callable[..., Any]], Any]:
    """Return an option that narrows a report and may be repeated."""
    return option(*declarations, multiple=True, callback=_at_most, en=en, zh=zh, **attributes)


bank_option = _narrowing(
    *("--bank", "banks"), metavar="CODE", en="Only this bank; may be repeated.", zh="仅此银行; 可重复。"
)
_outlet_option = _narrowing(*("--outlet", "outlets"), metavar="CODE", en="Only this outlet of a bank.", zh="仅此网点。")
_teller_option = _narrowing(*("--teller", "tellers"), metavar="ID", en="Only this teller.", zh="仅此柜员。")
_channel_option = _narrowing(
    *("--channel", "channels"),
    type=WholeNumber(0, CHANNEL_MAX),
    metavar="NUMBER",
    en="Only this channel, e.g. 1.",
    zh="仅此渠道, 如 1。",
)
_branch_option = _narrowing(
    *("--branch", "branches"), metavar="CODE", en="Only this supply branch of the utility.", zh="仅此供电分公司。"
)
_class_option = _narrowing(
    *("--class", "classes"),
    type=Choice(*(member.value for member in UserClass)),
    en="Only users of this class.",
    zh="仅此用户类别。",
)
_OF_ACCOUNTS = (_class_option, _branch_option)
_OF_PAYMENTS = (*_OF_ACCOUNTS, _channel_option, _teller_option, _outlet_option, bank_option)


def criteria_options(function: Callable[..., Any]) -> Any:
    """Add what narrows statistics; the function takes ``criteria``."""
    return _with_criteria(function, _OF_PAYMENTS)


def account_criteria_options(function: Callable[..., Any]) -> Any:
    """Add what narrows a report of accounts: ``--branch`` and ``--class``; the function takes ``criteria``."""
    return _with_criteria(function, _OF_ACCOUNTS)


def _with_criteria(function: Callable[..., Any], options: Sequence[Callable[[Callable[..., Any]], Any]]) -> Any:
    names = [field.name for field in fields(Criteria)]

    @wraps(function)
    def with_criteria(*args: Any, **given: Any) -> Any:
        values = {name: given.pop(name) for name in names if name in given}
        values["classes"] = tuple(map(UserClass, values["classes"]))
        return function(*args, criteria=Criteria(**values), **given)

    for add in options:
        add(with_criteria)
    return with_criteria


def day_option(*, en: str, zh: str) -> Callable[[Callable[..., Any]], Any]:
    """Add ``--date``, a day; the function takes ``day``, None when it is not given."""
    return option("--date", "day", type=Day(), metavar="DATE", en=en, zh=zh)


def period_options(function: Callable[..., Any]) -> Any:
    """Add ``--from`` and ``--to``; the function takes ``first`` and ``last``."""
    with_last = option(
        *("--to", "last"), type=Day(), metavar="DATE", en="Last day of the period.", zh="统计期的最后一日。"
    )(function)
    return option(
        *("--from", "first"), type=Day(), metavar="DATE", en="First day of the period.", zh="统计期的第一日。"
    )(with_last)


def period_of(day: date | None, first: date | None, last: date | None) -> Period | None:
    """Return the period that the options name, None when they name none.

    Raises:
        click.UsageError: they contradict each other, or an end is missing.
    """
    if first is None and last is None:
        return None if day is None else Period(day, day)
    if day is not None or first is None or last is None:
        raise click.UsageError(
            say(en="--from goes with --to, without --date", zh="--from 须与 --to 同用, 不与 --date 同用")
        )
    if first > last:
        raise click.UsageError(say(en=f"--from {first} is after --to {last}", zh=f"--from {first} 晚于 --to {last}"))
    return Period(first, last)


def today() -> date:
    """Return the day in Asia/Shanghai."""
    return shanghai_now().date()


def yesterday() -> date:
    """Return the day before: the last one that is over."""
    return today() - timedelta(days=1)
