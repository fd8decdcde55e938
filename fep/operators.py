"""Operators 操作员: who runs a command, as the system knows him; environment variables are not asked."""

import grp
import os
import pwd
from pathlib import Path

LOGIN_UID = Path("/proc/self/loginuid")
"""Who has logged in, as the kernel's audit keeps him: sudo and su leave it as it is, and only root can set it."""

_NO_LOGIN = 2**32 - 1
"""What stands there in a service, or in a container: nobody has logged in."""


def present_operator() -> str:
    """Return the name of the user who has logged in, whomever he has become since, ``uid-N`` for one without a name.

    Where nobody has logged in it is the real user of this process.
    """
    uid = _login_uid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def has_login() -> bool:
    """Tell whether ``present_operator`` is one person.

    In a session for which the kernel keeps no login, a service of the user's own manager for one, whoever works as
    another user is that user: he could be anybody who may, also the one who has a name in his other session.
    """
    return _kept_uid() is not None or os.getuid() != os.geteuid()


def is_member(group: str) -> bool:
    """Tell whether the operator of this command belongs to a group of this system; root belongs to every one.

    It is asked of whoever has logged in, so sudo gives nobody a group, and takes none away.
    """
    uid = _login_uid()
    if uid == 0:
        return True
    try:
        user, wanted = pwd.getpwuid(uid), grp.getgrnam(group).gr_gid
    except KeyError:
        return False
    return wanted in os.getgrouplist(user.pw_name, user.pw_gid)


def owns_way_to(path: Path) -> bool:
    """Tell whether the operator, working as another user, owns a file, or a folder or link on the way to it.

    What is his he can write, or put another in its place while it is read; root and the user whose own process it is
    need no such way.
    """
    uid = _login_uid()
    if uid in (0, os.geteuid()):
        return False
    given, real = path.absolute(), Path(os.path.realpath(path))
    ways = {given, *given.parents, real, *real.parents}
    return any(os.path.lexists(way) and way.lstat().st_uid == uid for way in ways)


def _login_uid() -> int:
    uid = _kept_uid()
    return os.getuid() if uid is None else uid


def _kept_uid() -> int | None:
    """Return who has logged in, None where the kernel does not know."""
    try:
        uid = int(LOGIN_UID.read_text(encoding="ascii"))
    except (OSError, ValueError):  # a kernel without audit
        return None
    return None if uid == _NO_LOGIN else uid
