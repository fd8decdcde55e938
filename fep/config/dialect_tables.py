"""Dialect tables 方言配置: ``[dialect.NAME]`` of ``fep.toml``, the form in which a site's banks speak a format."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from fep.config.converters import expected, matching
from fep.config.findings import ConfigInvalid, Gathering, Place
from fep.config.settings import PORT_MAX, Address, BankSettings, ListenerSettings
from protocol.dialect import Dialect
from protocol.dialects.registry import DEFAULT, DIALECTS, KINDS, dialect_of
from protocol.options import OptionInvalid

_EVERY_HOST = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
_NAME = matching(
    r"[a-z][a-z0-9_-]{0,31}", "a name of small letters, digits, - and _", "小写字母、数字、- 和 _ 组成的名称"
)


def dialect_tables(value: object, place: Place) -> Mapping[str, Dialect]:
    """Take the dialects that banks may name: every format in its usual form, or in the form that a table chooses.

    ``format`` in a table says which format it is a form of; without it the table's name does.
    """
    if not isinstance(value, dict):
        raise expected(place, f"a table [{place.key}.NAME]", f"表 [{place.key}.名称]", value)
    gathering = Gathering()
    dialects = dict(DIALECTS)
    for name, table in value.items():
        dialect = gathering.attempt(lambda name=name, table=table: _dialect(name, table, place.child(name)))  # type: ignore[misc]
        if dialect is not None:
            dialects[name] = dialect
    gathering.close()
    return MappingProxyType(dialects)


def _dialect(name: str, table: object, place: Place) -> Dialect:
    _NAME(name, place)
    if not isinstance(table, dict):
        raise expected(place, f"a table [{place.key}]", f"表 [{place.key}]", table)
    kind = _kind(name, table.get("format", name), place)
    values = {key: item for key, item in table.items() if key != "format"}
    for key, item in values.items():
        if not isinstance(item, str):
            raise expected(place.child(key), "text in quotes", "引号中的文字", item)
    try:
        return dialect_of(kind, values, name)
    except OptionInvalid as error:
        raise place.child(error.name).unfit(f"must be {error.must}", f"须为{error.must_zh}") from None


def _kind(name: str, kind: object, place: Place) -> str:
    """Return the format that a table is a form of."""
    words = ", ".join(f'"{kind}"' for kind in KINDS)
    if name == DEFAULT.name:
        raise place.unfit("nothing can be chosen of this format; leave the table out", "该格式没有可选项; 请删去该表")
    if name in KINDS and kind != name:
        raise place.child("format").unfit(
            f'is not for the table of a format: give another form of "{kind}" a name of its own',
            f'不用于格式自己的表: "{kind}" 的另一形式请另取名称',
        )
    if not isinstance(kind, str) or kind not in KINDS:
        raise expected(
            place.child("format"),
            f"the format that it is a form of, one of {words}",
            f"所属的格式, 其一: {words}",
            kind,
        )
    return kind


def spoken(banks: Iterable[BankSettings]) -> list[Dialect]:
    """Return the dialects that are listened for: those of the banks, and the default one in any case."""
    dialects = {DEFAULT.name: DEFAULT} | {bank.dialect.name: bank.dialect for bank in banks}
    return list(dialects.values())


def check_listeners(listener: ListenerSettings, banks: Iterable[BankSettings], place: Place) -> None:
    """Refuse addresses that two dialects would listen on, and ports that do not exist.

    Raises:
        ConfigInvalid: each of them, with what to write.
    """
    gathering = Gathering()
    taken: dict[Address, Dialect] = {}
    for dialect in spoken(banks):
        for address in listener.addresses_of(dialect):
            where = place.child("dialect").child(dialect.name)
            for finding in _findings(dialect, address, taken, where):
                gathering.add(finding)
            if address.port:
                taken[address] = dialect
    gathering.close()


def _findings(
    dialect: Dialect, address: Address, taken: Mapping[Address, Dialect], place: Place
) -> Iterator[ConfigInvalid]:
    if address.port > PORT_MAX:
        yield place.unfit(
            f"must be given: {dialect.port_offset} above the listener's port is {address.port}, which is no port",
            f"须填写: 监听端口加 {dialect.port_offset} 为 {address.port}, 不是有效端口",
        )
    host = str(address).rpartition(":")[0]
    for where, other in taken.items():
        if other is not dialect and _is_same(where, address):
            yield place.unfit(
                f'must be an address of its own, as ["{host}:PORT"]: "{other.name}" listens on {where} already',
                f'须为单独的地址, 如 ["{host}:端口"]: {where} 已由 "{other.name}" 使用',
            )


def _is_same(one: Address, other: Address) -> bool:
    """Tell whether both cannot be listened on."""
    return one.port == other.port and (one.host == other.host or not _EVERY_HOST.isdisjoint((one.host, other.host)))
