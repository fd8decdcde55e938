"""Invocation 调用方式: how this program was called, so that a command that we print can be typed as it stands."""

import shlex
import shutil
import sys
from configparser import ConfigParser
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

_DISTRIBUTION = "fep-daemon"
_MODULE = ("fep", "__main__.py")
_TREE = Path(__file__).parents[1]


def shell_command(*words: object) -> str:
    """Return the shell command that calls this program, in the way it was called now, with these words."""
    return shlex.join([*_program(), *map(str, words)])


def version() -> str:
    """Return the version of the installed distribution; in a source tree, the one that it would be installed as."""
    try:
        return installed_version(_DISTRIBUTION)
    except PackageNotFoundError:
        metadata = ConfigParser(interpolation=None)
        metadata.read(_TREE / "setup.cfg", encoding="utf-8")
        return metadata.get("metadata", "version", fallback="?")


def is_own_process() -> bool:
    """Tell whether this process runs this program and nothing else, as no test or other program does that calls it."""
    called = Path(sys.argv[0])
    return called.name == "fep" or called.parts[-2:] == _MODULE


def _program() -> list[str]:
    called = Path(sys.argv[0])
    if called.parts[-2:] == _MODULE:  # python -m fep: the words before ours, as they were typed
        return sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    if called.name != "fep":  # called by another program, as the tests do
        return ["fep"]
    found = shutil.which("fep")
    return ["fep"] if found is not None and Path(found).resolve() == called.resolve() else [str(called)]
