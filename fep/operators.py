"""Operators 操作员: who runs a command, as the system knows him; environment variables are not asked."""

import os
import pwd


def present_operator() -> str:
    """Return the login name of the real user of this process, ``uid-N`` for one without a name."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
