"""Officers 安全员: who may act on keys, where the configuration names their group."""

from fep.config.settings import Settings
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.operators import is_member, present_operator


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
