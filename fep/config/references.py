"""References 引用: secrets that the configuration names and does not hold.

file:PATH         a file of the own user, mode 0600; a relative path is relative to the configuration
env:NAME          an environment variable
credential:NAME   a systemd credential ($CREDENTIALS_DIRECTORY)
"""

import os
from collections.abc import Mapping
from pathlib import Path

from crypto.private_file import PrivateFileRefused, read_private
from fep.config.findings import Place

SECRET_BYTES_MAX = 1024
"""Longer than any database takes a password."""


def resolve(
    reference: str, place: Place, environ: Mapping[str, str] = os.environ, *, bytes_max: int = SECRET_BYTES_MAX
) -> str:
    """Return the secret, without the line break at its end.

    Args:
        reference: as the configuration has it; it is well formed.
        place: where it stands.
        environ: the environment.
        bytes_max: the longest file that can be right.

    Raises:
        ConfigInvalid: it cannot be had; says why, never what was read.
    """
    kind, _, name = reference.partition(":")
    if kind == "env":
        if name not in environ:
            raise place.unfit(f"{reference}: the variable is not set", f"{reference}: 环境变量未设置")
        return environ[name]
    directory = place.file.parent
    if kind == "credential":
        if "CREDENTIALS_DIRECTORY" not in environ:
            raise place.unfit(
                f"{reference}: $CREDENTIALS_DIRECTORY is not set; start this by systemd, with LoadCredential=",
                f"{reference}: 未设置 $CREDENTIALS_DIRECTORY; 请由 systemd 启动并配置 LoadCredential=",
            )
        directory = Path(environ["CREDENTIALS_DIRECTORY"])
    try:
        content = read_private(directory / name, bytes_max, guarded=kind == "credential")
        return content.decode().removesuffix("\n").removesuffix("\r")
    except PrivateFileRefused as refused:
        fault = refused.fault
        raise place.unfit(f"{reference}: {fault.what}; {fault.remedy}", f"{reference}: {fault.chinese}") from None
    except UnicodeDecodeError:
        pass
    raise place.unfit(f"{reference}: is not UTF-8 text", f"{reference}: 不是 UTF-8 文本")
