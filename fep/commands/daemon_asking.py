"""Asking the daemon 询问前置机: for commands that a running daemon does, with what to tell when it does not."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, CommandFailed
from fep.invocation import shell_command
from fep.language import Text, say

if TYPE_CHECKING:
    from fep.control.client import DaemonSilent

_REFUSALS = {
    "no_such_link": Text("there is no such link; fep links lists them", "没有该连接; 用 fep links 查看"),
    "no_such_bank": Text("the daemon serves no such bank", "前置机未接入该银行"),
    "bad_arguments": Text("the daemon does not take these values", "前置机不接受这些参数"),
    "too_many": Text("others are watching already; try again later", "已有他人在查看; 请稍后再试"),
    "failed": Text("the daemon could not do it; its log says why", "前置机未能执行; 原因见其日志"),
}


def asked(config_path: Path, command: str, **arguments: object) -> dict[str, Any]:
    """Return the answer of the daemon of a configuration.

    Raises:
        CommandFailed: none answers, or it refuses.
    """
    from fep.config.configuration import load
    from fep.control.client import DaemonSilent, ask

    try:
        answer = ask(load(config_path).control.socket, command, **arguments)
    except DaemonSilent as silent:
        text = silence_text(silent, config_path)
        raise CommandFailed(EXIT_CANNOT_RUN, en=text, zh=text) from None
    require_done(answer)
    return answer


def require_done(answer: dict[str, Any]) -> None:
    """Refuse an answer that says that nothing was done; CommandFailed says why."""
    if (code := answer.get("error")) is not None:
        old = Text("the daemon is of another version and does not know this", "前置机版本不同, 不支持该命令")
        text = _REFUSALS.get(str(code), old)
        exit_code = EXIT_CANNOT_RUN if code in {"failed", "too_many"} or text is old else EXIT_BAD_INPUT
        raise CommandFailed(exit_code, en=text.en, zh=text.zh)


def silence_text(silent: "DaemonSilent", config_path: Path) -> str:
    """Return why no daemon answers, in the user's language."""
    from fep.control.client import Silence

    why = str(silent.silence.value)
    if silent.silence is Silence.ABSENT:
        why = f"{why} {shell_command('run', '--config', config_path)}"
    if silent.silence is Silence.FORBIDDEN:
        return say(en=f"refused at {silent.path}: {why}", zh=f"拒绝访问 ({silent.path}): {why}")
    return say(en=f"no daemon answers at {silent.path}: {why}", zh=f"无前置机应答 ({silent.path}): {why}")


def say_done(text: Text, answer: dict[str, Any]) -> None:
    """Tell that an act is done, and whether the record of operators has it."""
    click.echo(str(text))
    if not answer.get("is_recorded", True):
        unrecorded = say(
            en="the database could not be asked: this is in the daemon's log, not in the record of operators",
            zh="数据库不可用: 该操作已记入前置机日志, 未记入操作记录",
        )
        click.echo(unrecorded, err=True)
