"""``fep bank suspend``, ``resume`` 暂停与恢复: whether a running daemon takes a bank's business."""

from pathlib import Path

import click

from fep.command_line import command, config_option
from fep.commands.daemon_asking import asked, say_done
from fep.commands.options import reason_option
from fep.exits import EXIT_DONE
from fep.language import Text, say


@command(
    "suspend",
    en="""Take no business of this bank from now on: it is answered 1012.

What has begun is finished; STATUS and REVERSE are answered as ever, and nothing is pushed to it. This holds in this
daemon, until fep bank resume or the daemon's end: a reload keeps it, a start forgets it. For good, set suspended in the
bank's file. With several daemons, ask each. Exit code 2 when there is no such bank, 3 when no daemon answers.""",
    zh="""立即停止受理该银行的业务: 应答 1012。

已开始的处理完毕; STATUS 和 REVERSE 照常应答; 不再向其划拨。仅对本进程有效, 直至 fep bank resume 或进程结束:
重读配置后仍有效, 重新启动后失效。长期暂停请在该行配置文件中设置 suspended。有多个进程时须逐个执行。
没有该银行时退出码为 2, 无前置机应答时为 3。""",
)
@click.argument("bank_code", metavar="BANK")
@reason_option
@config_option
def suspend(bank_code: str, reason: str, config_path: Path) -> int:
    """Ask the daemon to."""
    answer = asked(config_path, "bank_suspend", bank=bank_code, reason=reason)
    say_done(
        Text(
            f"bank {bank_code} is suspended until fep bank resume or the daemon's end",
            f"银行 {bank_code} 已暂停, 直至 fep bank resume 或进程结束",
        ),
        answer,
    )
    return EXIT_DONE


@command(
    "resume",
    en="""Take business of this bank again, as far as its file allows.

Exit code 2 when there is no such bank, 3 when no daemon answers.""",
    zh="恢复受理该银行的业务, 以其配置文件为限。\n\n没有该银行时退出码为 2, 无前置机应答时为 3。",
)
@click.argument("bank_code", metavar="BANK")
@reason_option
@config_option
def resume(bank_code: str, reason: str, config_path: Path) -> int:
    """Ask the daemon to."""
    answer = asked(config_path, "bank_resume", bank=bank_code, reason=reason)
    say_done(Text(f"bank {bank_code} is resumed", f"银行 {bank_code} 已恢复"), answer)
    if answer.get("is_suspended"):
        by_file = say(
            en="its own file still suspends it (suspended = true)", zh="其配置文件仍为暂停 (suspended = true)"
        )
        click.echo(by_file, err=True)
    return EXIT_DONE
