"""``fep tail`` 查看报文: a bank's frames as they come and go, decoded and masked, for a limited time."""

import json
from pathlib import Path
from typing import Any

import click

from fep.command_line import command, config_option, option
from fep.commands.daemon_asking import require_done, silence_text
from fep.commands.options import reason_option
from fep.exits import EXIT_CANNOT_RUN, EXIT_DONE, CommandFailed
from fep.language import say

SECONDS_MAX = 600


@command(
    "tail",
    en="""Show the frames of a bank as they come and go, decoded and masked.

Account numbers, passbooks and cards keep their first six and last four characters, names the first one; addresses,
keys and what files hold are not shown. Who watches stands in the record of operators. Auditors may, and the daemon's
own user. Frames whose MAC is wrong are not shown. Exit code 2 when there is no such bank, 3 when no daemon answers.""",
    zh="""实时查看银行的报文, 已解析并脱敏。

户号、存折号和卡号只显示前六位和后四位, 姓名只显示第一个字; 地址、密钥和文件内容不显示。查看者计入操作记录。
审计员及运行前置机的用户可用。MAC 错误的报文不显示。没有该银行时退出码为 2, 无前置机应答时为 3。""",
)
@option("--bank", "bank_code", required=True, metavar="BANK", en="Whose frames.", zh="银行代码。")
@option(
    "--for",
    "seconds",
    type=click.IntRange(1, SECONDS_MAX),
    default=60,
    metavar="SECONDS",
    en="How long, 1 to 600 seconds; 60 when not given.",
    zh="时长, 1 到 600 秒, 默认 60。",
)
@option("--json", "as_json", is_flag=True, en="A JSON object for each frame.", zh="每个报文输出一个 JSON 对象。")
@reason_option
@config_option
def tail(bank_code: str, seconds: int, as_json: bool, reason: str, config_path: Path) -> int:
    """Follow the daemon's answer until it ends."""
    from fep.config.configuration import load
    from fep.control.client import DaemonSilent, follow

    path = load(config_path).control.socket
    try:
        for line in follow(path, "frames_tail", seconds + 5.0, bank=bank_code, seconds=seconds, reason=reason):
            require_done(line)
            if "direction" not in line:
                _say_begun(line)
            else:
                click.echo(json.dumps(line, ensure_ascii=False) if as_json else _text(line))
    except DaemonSilent as silent:
        text = silence_text(silent, config_path)
        raise CommandFailed(EXIT_CANNOT_RUN, en=text, zh=text) from None
    except KeyboardInterrupt:
        pass
    return EXIT_DONE


def _say_begun(line: dict[str, Any]) -> None:
    seconds = line.get("seconds")
    begun = say(en=f"watching for {seconds} s; Ctrl-C ends", zh=f"查看 {seconds} 秒; 按 Ctrl-C 结束")
    click.echo(begun, err=True)
    if not line.get("is_recorded"):
        unrecorded = say(
            en="this is in the daemon's log only: the database could not be asked", zh="数据库不可用, 仅记入前置机日志"
        )
        click.echo(unrecorded, err=True)


def _text(line: dict[str, Any]) -> str:
    """Return one frame as a line: an arrow to the right comes in, one to the left goes out."""
    arrow = "->" if line["direction"] == "in" else "<-"
    about = [f"{name}={_value(value)}" for part in (line["head"], line["body"]) for name, value in _items(part)]
    missed = [f"missed={line['missed_count']}"] if "missed_count" in line else []
    way = f"#{line['link']}" if "link" in line else f"@{line['partner']}"
    return " ".join([line["at"], way, arrow, line["transaction"], *missed, *about])


def _items(part: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in part.items() if value not in (None, "")] if isinstance(part, dict) else []


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
