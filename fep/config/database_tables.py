"""Database tables 数据库配置表: ``[[billing.database]]``, one for each billing database, looked at together.

With several databases each account stands in one of them, found by the beginning of its number.
"""

from collections.abc import Callable, Sequence

from fep.config.converters import Convert, expected, many
from fep.config.database_url import sqlite_path
from fep.config.findings import ConfigInvalid, Gathering, Place
from fep.config.settings import DatabaseSettings


def database_tables(convert: Convert) -> Convert:
    """Take one table or several; ``convert`` takes each of them by itself."""

    def convert_all(value: object, place: Place) -> tuple[DatabaseSettings, ...]:
        if not isinstance(value, list) or not value:
            raise expected(
                place, "one or more tables [[billing.database]]", "一个或多个 [[billing.database]] 表", value
            )
        tables: tuple[DatabaseSettings, ...] = many(convert)(value, place)
        gathering = Gathering()
        for check in (_check_own, _check_prefixes):
            gathering.attempt(lambda check=check: check(tables, place))  # type: ignore[misc]
        gathering.close()
        return tables

    return convert_all


def _check_own(tables: Sequence[DatabaseSettings], place: Place) -> None:
    """Refuse a name, number or place that another table has: each database has its own."""
    gathering = Gathering()
    for key, value_of in _OWN.items():
        first: dict[object, int] = {}
        for number, table in enumerate(tables, 1):
            earlier = first.setdefault(value_of(table), number)
            if earlier != number:
                gathering.add(_taken(place.item(number).child(key), place.item(earlier).child(key).key))
    gathering.close()


_OWN: dict[str, Callable[[DatabaseSettings], object]] = {
    "name": lambda table: table.name,
    "number": lambda table: table.number,
    "url": lambda table: _stored_at(table.url),
}


def _taken(place: Place, earlier: str) -> ConfigInvalid:
    return place.unfit(
        f"is the same as {earlier}; each [[billing.database]] needs a name, a number and a url of its own: change one",
        f"与 {earlier} 相同; 每个 [[billing.database]] 须有各自的 name、number 和 url: 请修改其中之一",
    )


def _stored_at(url: str) -> str:
    """Return where a database is, by whatever user it is reached."""
    path = sqlite_path(url)
    return str(path.resolve()) if path is not None else url.partition("://")[2].rpartition("@")[2]


def _check_prefixes(tables: Sequence[DatabaseSettings], place: Place) -> None:
    """Refuse a prefix that leads to two databases, and a database among several that no prefix leads to."""
    gathering = Gathering()
    first: dict[str, str] = {}
    for number, table in enumerate(tables, 1):
        where = place.item(number).child("prefixes")
        if len(tables) > 1 and not table.prefixes:
            gathering.add(_unreached(where))
        for index, prefix in enumerate(table.prefixes, 1):
            earlier = first.setdefault(prefix, where.key)
            if earlier != where.key:
                gathering.add(_ambiguous(where.item(index), prefix, earlier))
    gathering.close()


def _unreached(place: Place) -> ConfigInvalid:
    return place.unfit(
        "missing: where there are several databases, no account leads to this one; write the beginnings of the account "
        'numbers that stand in it, as prefixes = ["0101", "0102"]',
        '缺少该项: 有多个数据库时, 没有户号通向该库; 请写明其中户号的前缀, 如 prefixes = ["0101", "0102"]',
    )


def _ambiguous(place: Place, prefix: str, earlier: str) -> ConfigInvalid:
    return place.unfit(
        f'"{prefix}" stands in {earlier} already; an account stands in one database: take it out of one of the two',
        f'"{prefix}" 已在 {earlier} 中; 一个户只在一个数据库中: 请从其中之一删去',
    )
