"""Officers 安全员: who may act on keys, where the configuration names their group."""

from pathlib import Path

from fep.config.settings import Settings
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.operators import is_member, owns_way_to, present_operator


def require_officer(settings: Settings) -> None:
    """Refuse an operator who is no security officer; CommandFailed. Without a named group the files' rights decide."""
    group = settings.control.security_officers
    if group and not is_member(group):
        operator = present_operator()
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{operator} is no security officer: acts on keys are for members of the group {group}",
            zh=f"{operator} 不是安全员: 密钥操作限用户组 {group} 的成员",
        )


def require_configuration_of_others(config_path: Path) -> None:
    """Refuse an operator's own configuration beside the site's, where he works as the site's user; CommandFailed.

    It says whether two officers are needed, and who is one: his own would say no.
    """
    if owns_way_to(config_path):
        operator = present_operator()
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{config_path} belongs to {operator}, or a folder on the way to it: who acts on keys as another user "
            "does so with a configuration that is not his own",
            zh=f"{config_path} 或其上级目录属 {operator} 所有: 以其他用户身份操作密钥时, 不得使用操作员自己的配置文件",
        )
