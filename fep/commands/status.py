"""``fep status`` 状态: what the running daemon says of itself, and what the databases say."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fep.command_line import command, config_option, option
from fep.commands.daemon_asking import silence_text
from fep.commands.health import problems
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE, EXIT_FINDINGS
from fep.language import say
from fep.live import watch, watch_option

if TYPE_CHECKING:
    from fep.config.settings import Settings
    from fep.database_state import DatabaseState
    from fep.reports import Report


@command(
    "status",
    en="""Show what the running daemon says of itself.

Exit code 1 when something is wrong, as with a database that is down, and a line for each; 3 when no daemon answers.""",
    zh="""显示运行中前置机的状态。

有异常 (包括数据库不可用) 时逐行说明, 退出码为 1; 无前置机应答时为 3。""",
)
@config_option
@option("--json", "as_json", is_flag=True, en="As one JSON object.", zh="输出为一个 JSON 对象。")
@watch_option
def status(config_path: Path, as_json: bool, is_watched: bool) -> int:
    """Ask daemon and databases."""
    from fep.config.configuration import load
    from fep.control.client import DaemonSilent, ask
    from fep.database_state import database_states

    settings = load(config_path)

    def look() -> tuple[dict[str, Any] | None, DaemonSilent | None]:
        try:
            return ask(settings.control.socket, "status"), None
        except DaemonSilent as error:
            return None, error

    if is_watched and not as_json:
        return watch(lambda: _reports(settings, look()[0], database_states(settings)))
    daemon, silence = look()
    states = database_states(settings)
    if as_json:
        click.echo(json.dumps(_as_json(settings, daemon, states), ensure_ascii=False, indent=2))
    else:
        for report in _reports(settings, daemon, states):
            report.show()
    if daemon is None:
        assert silence is not None
        click.echo(silence_text(silence, config_path), err=True)
        return EXIT_CANNOT_RUN
    wrong = list(problems(settings, daemon, states))
    for each in wrong:
        click.echo(say(en=f"not well: {each}", zh=f"异常: {each}"), err=True)
    return EXIT_FINDINGS if wrong else EXIT_DONE


def _as_json(settings: "Settings", daemon: dict[str, Any] | None, states: "list[DatabaseState]") -> dict[str, Any]:
    return {
        "daemon": daemon,
        "problems": None if daemon is None else list(problems(settings, daemon, states)),
        "databases": [
            {
                "name": table.name,
                "number": table.number,
                "is_reachable": state.is_reachable,
                "is_current": state.is_current,
                "problem": state.problem,
                "clearing_dates": {bank_code: str(day) for bank_code, day in state.clearing_dates.items()},
            }
            for table, state in zip(settings.billing.databases, states, strict=True)
        ],
    }


def _reports(settings: "Settings", daemon: dict[str, Any] | None, states: "list[DatabaseState]") -> "Iterator[Report]":
    """Yield what is shown; tables that stand empty without a daemon are left out."""
    if daemon is not None:
        yield _of_daemon(daemon, list(problems(settings, daemon, states)))
    yield _of_banks(settings, daemon or {}, states)
    counts = _of_counts(daemon) if daemon is not None else ()
    yield from (report for report in (_of_partners(daemon or {}), _of_pushes(daemon or {}), *counts) if len(report))
    yield _of_databases(settings, daemon or {}, states)


def _of_daemon(daemon: dict[str, Any], wrong: list[str]) -> "Report":
    from fep.reports import Report

    report = Report(say(en="daemon", zh="前置机"), "")
    names = (
        ("pid", say(en="process", zh="进程号")),
        ("started_at", say(en="started", zh="启动时间")),
        ("addresses", say(en="listens on", zh="监听地址")),
        ("connections", say(en="connections", zh="连接数")),
        ("in_work", say(en="requests in work", zh="处理中请求数")),
        ("is_draining", say(en="draining", zh="停止接入中")),
    )
    report.rows((name, _text(daemon.get(key))) for key, name in names)
    report.row(say(en="health", zh="健康状况"), "; ".join(wrong) or say(en="well", zh="正常"))
    return report


def _of_databases(settings: "Settings", daemon: dict[str, Any], states: "list[DatabaseState]") -> "Report":
    from fep.database_state import clearing_dates_text
    from fep.reports import Report

    served = {database.get("number"): database.get("is_up") for database in daemon.get("databases", [])}
    report = Report(
        say(en="database", zh="数据库"),
        say(en="number", zh="编号"),
        say(en="served", zh="服务中"),
        say(en="clearing dates", zh="清算日期"),
        say(en="state", zh="状态"),
    )
    for table, state in zip(settings.billing.databases, states, strict=True):
        report.row(
            table.name,
            table.number,
            _text(served.get(table.number, "-")),
            clearing_dates_text(state.clearing_dates) or "-",
            state.problem or say(en="schema current", zh="表结构最新"),
        )
    return report


def _of_banks(settings: "Settings", daemon: dict[str, Any], states: "list[DatabaseState]") -> "Report":
    """Return each bank with its clearing date: the earliest, for a day is closed when the last database has rolled."""
    from fep.reports import Report

    running = daemon.get("banks", {})
    report = Report(
        say(en="bank", zh="银行代码"),
        say(en="name", zh="名称"),
        say(en="links", zh="连接数"),
        say(en="clearing date", zh="清算日期"),
        say(en="suspended", zh="已暂停"),
        say(en="keys", zh="密钥版本"),
    )
    for bank_code, bank in settings.banks.items():
        state = running.get(bank_code, {})
        days = [state.clearing_dates[bank_code] for state in states if bank_code in state.clearing_dates]
        suspended = _text(state.get("is_suspended", bank.terms.is_suspended))
        keys = _keys_text(state.get("keys", [])) or "-"
        report.row(bank_code, bank.name, state.get("links", "-"), min(days, default="-"), suspended, keys)
    return report


def _keys_text(keys: list[dict[str, Any]]) -> str:
    """Return the versions of a bank's keys that the daemon knows: since when each is accepted, and until when."""
    texts = []
    for each in keys:
        begins, ends = str(each["valid_from"])[:16], str(each["valid_until"])[:16]
        since = say(en=f"{each['version']} since {begins}", zh=f"{each['version']} 自 {begins}")
        texts.append(say(en=f"{since} until {ends}", zh=f"{since} 至 {ends}") if ends else since)
    return ", ".join(texts)


def _of_partners(daemon: dict[str, Any]) -> "Report":
    """Return the banks that the daemon asks, with the day that is open there, or why none is."""
    from fep.reports import Report

    report = Report(
        say(en="partner", zh="对端银行"),
        say(en="address", zh="地址"),
        say(en="day signed in", zh="已签到日期"),
        say(en="trouble", zh="问题"),
    )
    for bank_code, bank in daemon.get("banks", {}).items():
        if (partner := bank.get("partner")) is not None:
            report.row(bank_code, partner["address"], partner.get("day") or "-", _trouble(partner))
    return report


def _of_pushes(daemon: dict[str, Any]) -> "Report":
    """Return the banks that bills are pushed to, with what waits and what a person must look at."""
    from fep.reports import Report

    report = Report(
        say(en="bills pushed to", zh="实时划拨银行"),
        say(en="under way", zh="处理中"),
        say(en="waiting", zh="待划拨"),
        say(en="accepted", zh="银行已受理"),
        say(en="dead", zh="待人工查实"),
    )
    for bank_code, bank in daemon.get("banks", {}).items():
        if (pushes := bank.get("pushes")) is not None:
            report.row(bank_code, *(pushes[name] for name in ("in_work", "waiting", "accepted", "dead")))
    return report


def _trouble(partner: dict[str, str]) -> str:
    """Return why the bank's day could not be opened or closed, as ``sign_in: the bank refuses (51)``."""
    from fep.partners.errors import Reason

    word, code = partner.get("reason", ""), partner.get("code", "")
    if not word:
        return ""
    text = next((str(reason.text) for reason in Reason if reason.value == word), word)
    return f"{partner['trouble']}: {text}" + (f" ({code})" if code else "")


def _of_counts(daemon: dict[str, Any]) -> "Iterator[Report]":
    from fep.reports import Report

    report = Report(
        say(en="bank", zh="银行代码"),
        say(en="transaction", zh="交易"),
        say(en="code", zh="响应码"),
        say(en="count", zh="笔数"),
    )
    fields = ("bank_code", "transaction", "response_code", "count")
    report.rows([row.get(name, "") for name in fields] for row in daemon.get("transactions", []))
    yield report
    report = Report(say(en="event", zh="事件"), say(en="count", zh="次数"))
    report.rows(sorted(daemon.get("events", {}).items()))
    yield report


def _text(value: object) -> str:
    if isinstance(value, bool):
        return say(en="yes", zh="是") if value else say(en="no", zh="否")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
