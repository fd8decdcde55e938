"""``fep run`` 启动: the daemon in the foreground."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fep.command_line import command, config_option, option
from fep.language import say

if TYPE_CHECKING:
    from fep.config.settings import Address


def _addresses(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> "tuple[Address, ...]":
    from fep.config.converters import parse_address

    addresses = []
    for value in values:
        address = parse_address(value)
        if address is None:
            problem = say(en=f"expected HOST:PORT, not '{value}'", zh=f"应为 主机:端口, 实为 '{value}'")
            raise click.BadParameter(problem, ctx, param)
        addresses.append(address)
    return tuple(addresses)


@command(
    "run",
    en="Run the daemon in the foreground.\n\nLogs go to stdout. SIGTERM drains: what has begun is answered.",
    zh="在前台运行前置机。\n\n日志写到标准输出。收到 SIGTERM 后处理完在途交易再退出。",
)
@config_option
@option(
    "--listen",
    "addresses",
    multiple=True,
    metavar="HOST:PORT",
    callback=_addresses,
    en="Listen here, not where the configuration says; may be repeated.",
    zh="监听地址, 取代配置中的地址; 可重复。",
)
def run(config_path: Path, addresses: "tuple[Address, ...]") -> int:
    """Run the daemon and return its exit code."""
    from fep.service_manager import ServiceManager

    # Before Twisted is imported, which takes some of these variables for itself.
    manager = ServiceManager.from_environment(os.environ)

    from fep import process
    from fep.config.configuration import load
    from fep.config.findings import Place
    from fep.config.tls_tables import require_heard_tls
    from fep.databases import open_databases

    settings = load(config_path)
    for database in open_databases(settings):  # connects to nothing; a driver that is missing is said here, not logged
        database.dispose()
    if addresses:
        listener = replace(settings.listener, addresses=addresses)
        settings = replace(settings, listener=listener, are_addresses_given=True)
        require_heard_tls(settings, Place(config_path, "--listen"))
    return process.run(settings, manager)
