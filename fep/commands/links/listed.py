"""``fep links`` 连接列表: the connections of banks to the running daemon."""

import json
from pathlib import Path
from typing import Any

import click

from fep.command_line import command, config_option, option
from fep.commands.daemon_asking import asked
from fep.exits import EXIT_DONE
from fep.language import Text, say
from fep.live import watch, watch_option
from fep.reports import Report

_STATES = {
    "connected": Text("not signed in", "未签到"),
    "signed_in": Text("signed in", "已签到"),
    "draining": Text("draining", "停止接入"),
    "closed": Text("closed", "已关闭"),
}


@command(
    "links",
    en="List the connections of banks to the running daemon.\n\nExit code 3 when no daemon answers.",
    zh="列出银行到前置机的连接。\n\n无前置机应答时退出码为 3。",
)
@config_option
@option("--json", "as_json", is_flag=True, en="As one JSON object.", zh="输出为一个 JSON 对象。")
@watch_option
def list_links(config_path: Path, as_json: bool, is_watched: bool) -> int:
    """Ask the daemon."""
    if is_watched and not as_json:
        return watch(lambda: [_report(asked(config_path, "links"))])
    answer = asked(config_path, "links")
    if as_json:
        click.echo(json.dumps(answer["links"], ensure_ascii=False, indent=2))
    else:
        _report(answer).show()
    return EXIT_DONE


def _report(answer: dict[str, Any]) -> Report:
    report = Report(
        say(en="link", zh="连接号"),
        say(en="bank", zh="银行代码"),
        say(en="dialect", zh="方言"),
        say(en="peer", zh="对方地址"),
        say(en="by way of", zh="经由"),
        say(en="state", zh="状态"),
        say(en="connected", zh="连接时间"),
        say(en="idle s", zh="空闲秒数"),
        say(en="in work", zh="处理中"),
        say(en="answered", zh="已应答"),
    )
    for link in answer["links"]:
        state = _STATES.get(link["state"], link["state"])
        idle = "-" if link["idle_s"] is None else link["idle_s"]
        report.row(
            link["link"],
            link["bank_code"] or "-",
            *(
                link["dialect"],
                link["peer"],
                _way(link),
                state,
                link["connected_at"],
                idle,
                link["in_work"],
                link["answered"],
            ),
        )
    return report


def _way(link: dict[str, Any]) -> str:
    """Return the version of TLS and the balancer, where there are any."""
    return " ".join(filter(None, (link["tls"], link["balancer"]))) or "-"
