"""Watcher check 监控配置检查: who may look at a running daemon: scrapers of its metrics, and groups at its socket."""

import grp
from collections.abc import Iterator
from ipaddress import ip_address

from fep.config.settings import ControlSettings, MetricsSettings
from fep.language import Text

Finding = tuple[bool, str, Text]
"""Whether it is good, what it is about, and what was found."""


def check_watchers(metrics: MetricsSettings, control: ControlSettings) -> Iterator[Finding]:
    """Yield where metrics are served, and what is to be seen of the groups of ``[control]``."""
    if metrics.address is not None:
        address = str(metrics.address)
        if _is_loopback(metrics.address.host):
            yield True, "metrics", Text(f"served on {address}", f"采集地址 {address}")
        else:
            yield (
                False,
                "metrics",
                Text(
                    f"served on {address} without a login: keep it to the management network",
                    f"采集地址 {address} 无登录验证: 只可用于管理网",
                ),
            )
    for name in sorted({control.operators, control.security_officers, control.auditors} - {""}):
        if not _is_group(name):
            yield (
                False,
                "control",
                Text(
                    f"the system has no group {name}: nobody gets its role", f"系统中没有用户组 {name}: 无人具有该角色"
                ),
            )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
