"""Health 健康状况: what keeps a running daemon from serving everybody, as it says itself and as the databases show."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from fep.language import say

if TYPE_CHECKING:
    from fep.config.settings import Settings
    from fep.database_state import DatabaseState


def problems(settings: "Settings", daemon: dict[str, Any], states: Sequence["DatabaseState"]) -> Iterator[str]:
    """Yield what is wrong, in the user's language; nothing while all is well.

    Args:
        settings: the site's.
        daemon: what it says of itself; a daemon of an older version says less.
        states: of the databases as this command sees them, in the order of the configuration.
    """
    if daemon.get("is_draining"):
        yield say(en="the daemon ends and takes no new business", zh="前置机正在停止, 不接新业务")
    yield from (str(ailment) for ailment in daemon.get("ailments", ()))
    served = {database.get("number"): database for database in daemon.get("databases", ())}
    for table, state in zip(settings.billing.databases, states, strict=True):
        told = served.get(table.number, {})
        if state.problem:
            yield say(en=f"database {table.name}: {state.problem}", zh=f"数据库 {table.name}: {state.problem}")
        elif not told.get("is_up", True):
            yield say(
                en=f"database {table.name}: it answers here, but the daemon cannot work with it; its log says why",
                zh=f"数据库 {table.name}: 本命令可连接, 但前置机无法使用; 原因见其日志",
            )
