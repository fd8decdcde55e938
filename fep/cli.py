"""The command ``fep`` 命令: its subcommands, and what becomes of their errors.

A user's mistake is one line on stderr and an exit code, never a traceback.
"""

import io
import os
import sys
from collections.abc import Sequence

import click
from click.exceptions import NoArgsIsHelpError

from fep.command_line import Group, Option, usage_message
from fep.config.findings import ConfigInvalid
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_DONE, CommandFailed
from fep.key_like import without_keys
from fep.language import Text, choose, say
from fep.system_reasons import os_reason_text

fep = Group(
    "fep",
    text=Text(
        "Front-end processor through which banks collect a power utility's bills.", "前置机: 银行代收电费的接入系统。"
    ),
    no_args_is_help=True,
    modules={
        "init": "fep.commands.init:init",
        "run": "fep.commands.run:run",
        "check-config": "fep.commands.check_config:check_config",
        "load": "fep.commands.load:load",
        "status": "fep.commands.status:status",
        "links": "fep.commands.links.listed:list_links",
        "link": "fep.commands.links.group:link",
        "bank": "fep.commands.banks.group:bank",
        "tail": "fep.commands.tail:tail",
        "recon": "fep.commands.recon.group:recon",
        "debit": "fep.commands.debit.group:debit",
        "report": "fep.commands.report:report",
        "keys": "fep.commands.keys.group:keys",
        "day": "fep.commands.day:day",
        "partner": "fep.commands.partner.group:partner",
        "push": "fep.commands.pushes.group:push",
        "balances": "fep.commands.balances.group:balances",
        "audit": "fep.commands.audit.group:audit",
        "db": "fep.commands.db:db",
        "demo": "fep.commands.demo:demo",
    },
)


def _show_version(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted:
        from fep.invocation import version

        click.echo(f"fep {version()}")
        ctx.exit()


fep.params.append(
    Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        text=Text("Show the version and exit.", "显示版本。"),
    )
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (``sys.argv`` when None) and return its exit code."""
    choose(None)
    _never_fail_to_print()
    try:
        result = fep.main(arguments, prog_name="fep", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit:
        return EXIT_CANNOT_RUN  # click ends so, with 1 for findings, when whoever read our output has gone
    except Exception as error:
        exit_code = _report(error)
        if exit_code is None:
            raise
        return exit_code
    return result if isinstance(result, int) else EXIT_DONE


def _never_fail_to_print() -> None:
    """Print what the locale's encoding does not have, such as Chinese names in a Latin one, as question marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _report(error: Exception) -> int | None:
    """Tell the user what went wrong and return the exit code, None for what is a bug of ours."""
    match error:
        case NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return EXIT_BAD_INPUT
        case click.UsageError():
            _say_usage(error)
            return EXIT_BAD_INPUT
        case click.Abort():
            click.echo(say(en="interrupted", zh="已中断"), err=True)
            return EXIT_CANNOT_RUN
        case CommandFailed():
            click.echo(str(error), err=True)
            return error.exit_code
        case ConfigInvalid():
            click.echo(str(error), err=True)
            return EXIT_BAD_INPUT
        case BrokenPipeError():
            # Whoever read our output has gone; nothing more can be said, not even by the flush at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_CANNOT_RUN
        case OSError():
            click.echo(os_reason_text(error), err=True)
            return EXIT_CANNOT_RUN
    return _report_lower(error)


def _report_lower(error: Exception) -> int | None:
    """Report errors of the layers below, which are imported only now that one may have come from them."""
    from crypto.errors import CryptoError
    from dbgate.errors import GateError, SchemaMismatch
    from fep.database_reasons import database_reason_text

    match error:
        case CryptoError():
            click.echo(say(en=str(error), zh=error.chinese), err=True)
            return EXIT_BAD_INPUT
        case SchemaMismatch():
            click.echo(database_reason_text(str(error)), err=True)
            return EXIT_CANNOT_RUN
        case GateError():
            subject = say(en="billing database", zh="营业数据库")
            click.echo(f"{subject}: {database_reason_text(str(error))}", err=True)
            return EXIT_CANNOT_RUN
    return None


def _say_usage(error: click.UsageError) -> None:
    if error.ctx is not None:
        click.echo(error.ctx.get_usage(), err=True)
        path = error.ctx.command_path
        click.echo(say(en=f"'{path} --help' explains it.", zh=f"执行 '{path} --help' 查看帮助。"), err=True)
    click.echo(say(en="Error: ", zh="错误: ") + without_keys(usage_message(error)), err=True)
