"""``fep link close`` 关闭连接: lets one connection of a bank end in order."""

from pathlib import Path

import click

from fep.command_line import command, config_option
from fep.commands.daemon_asking import asked, say_done
from fep.commands.options import reason_option
from fep.exits import EXIT_DONE
from fep.language import Text


@command(
    "close",
    en="""Close the connection with this number, which fep links shows.

It takes no new business (1011), what it has asked is answered, then it is closed. The bank may connect again at once:
to take no business of it, suspend it. Exit code 2 when there is no such link, 3 when no daemon answers.""",
    zh="""关闭该编号的连接, 编号见 fep links。

该连接不再受理新业务 (1011), 已收请求应答后关闭。银行可立即重新连接; 如需停止其业务, 请暂停该银行。
没有该连接时退出码为 2, 无前置机应答时为 3。""",
)
@click.argument("number", metavar="LINK", type=click.IntRange(min=1))
@reason_option
@config_option
def close(number: int, reason: str, config_path: Path) -> int:
    """Ask the daemon to."""
    answer = asked(config_path, "link_close", link=number, reason=reason)
    say_done(Text(f"link {number} is closing", f"连接 {number} 正在关闭"), answer)
    return EXIT_DONE
