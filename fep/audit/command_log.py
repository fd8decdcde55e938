"""Commands in the audit log 命令留痕: who ran what, from where, and what came of it.

Two lines for each: before it begins, and how it has ended; whoever is killed in between leaves the first. A key act
that cannot be told is not begun. Others are done all the same, for the database keeps them too, and say so.
"""

import os
import socket
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from fep.audit.chain import Chain
from fep.audit.lines import Kind, entry
from fep.config.configuration import load
from fep.config.findings import ConfigInvalid
from fep.config.settings import Settings
from fep.exits import EXIT_CANNOT_RUN, CommandFailed
from fep.language import say
from fep.operators import present_operator
from fep.system_reasons import os_reason_text

WAIT_S = 10.0
"""How long other commands may be at it: each writes for milliseconds."""

_NAMES = frozenset({"bank_code", "banks", "named", "file_name", "reference", "suite_name", "block_version", "only"})
"""Texts that name no customer; others that an operator types are left out, reasons too: the database has those."""


def told(settings: Settings, kind: Kind, fields: Mapping[str, Any]) -> None:
    """Write one line durably into the chain of commands.

    Raises:
        OSError: it was not written.
    """
    chain = Chain.of_commands(settings.audit.directory, WAIT_S)
    try:
        if chain.has_crashed:
            chain.opened({"by": "command"})
        chain.append([entry(kind, {**fields, **_who()})])
        chain.sync()
    finally:
        chain.close()


def run_told(words: str, kind: Kind, parameters: Mapping[str, Any], invoke: Callable[[], Any]) -> Any:
    """Run a command between the two lines that tell of it; raises what it raises.

    Args:
        words: of the command.
        kind: of the lines.
        parameters: as click gives them to the command.
        invoke: runs it.
    """
    settings = _settings(parameters)
    if settings is None:  # it says itself what is wrong
        return invoke()
    fields = {"command": words, "arguments": shown(parameters)}
    _begin(settings, kind, fields)
    result, code = "failed", ""
    try:
        answer = invoke()
    except CommandFailed as failed:
        code = str(failed.exit_code)
        raise
    except BaseException as error:
        code = type(error).__name__
        raise
    else:
        result, code = "done", str(answer or 0)
        return answer
    finally:
        _end(settings, kind, {**fields, "result": result, "exit_code": code})


def shown(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return what may be told of a command's parameters."""
    texts = {name: _shown(name, value) for name, value in parameters.items() if name != "config_path"}
    return {name: text for name, text in texts.items() if text is not None}


def _begin(settings: Settings, kind: Kind, fields: Mapping[str, Any]) -> None:
    try:
        told(settings, kind, {**fields, "result": "begun"})
    except OSError as error:
        problem = _problem(error)
        if kind is Kind.KEY_ACT:
            raise CommandFailed(
                EXIT_CANNOT_RUN,
                en=f"{problem}; nothing was done with keys",
                zh=f"{problem}; 未执行任何密钥操作",
            ) from error
        click.echo(problem, err=True)


def _end(settings: Settings, kind: Kind, fields: Mapping[str, Any]) -> None:
    try:
        told(settings, kind, fields)
    except OSError as error:  # it is done, or has failed; the line before it is there, or its lack was said
        click.echo(_problem(error), err=True)


def _problem(error: OSError) -> str:
    reason = os_reason_text(error)
    return say(en=f"the audit log cannot be written: {reason}", zh=f"无法写入审计日志: {reason}")


def _settings(parameters: Mapping[str, Any]) -> Settings | None:
    try:
        return load(parameters["config_path"])
    except (ConfigInvalid, OSError):
        return None


def _shown(name: str, value: Any) -> Any:
    if value is None or value is False or value == ():
        return None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, date | datetime | Path):
        return str(value)
    if isinstance(value, tuple | list):
        return [_shown(name, each) for each in value]
    return value if isinstance(value, str) and name in _NAMES else "***"


def _who() -> dict[str, Any]:
    """Return who runs this process, and from where."""
    try:
        terminal = os.ttyname(0)
    except OSError:
        terminal = ""
    return {"operator": present_operator(), "uid": os.getuid(), "host": socket.gethostname(), "terminal": terminal}
