"""Operators 操作员: commands run by two people of one machine, each in a process of its own, which may be killed.

As root a process gets another real user; who is not root has one user only, and says in the process who he is.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from fep.operators import LOGIN_UID
from tests.support.daemon import ROOT, environment

CLERKS = {"clerk": 61_001, "chief": 61_002}
"""Users that no machine has a name for: they are called uid-N."""

# Where a process ends itself, as kill -9 would, just before what is named here is called.
_KILLED = """
import os, signal, sys
from unittest.mock import patch
from fep import cli

def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

with patch(sys.argv[1], die):
    cli.main(sys.argv[2:])
"""
_NAMED = """
import sys
from types import SimpleNamespace
from unittest.mock import patch
from fep import cli

name = patch("fep.operators.pwd.getpwuid", lambda _: SimpleNamespace(pw_name=sys.argv[1]))
with name, patch("fep.commands.keys.store.has_login", lambda: True):
    sys.exit(cli.main(sys.argv[2:]))
"""


def name_of(clerk: str) -> str:
    """Return how the system calls a clerk."""
    return f"uid-{CLERKS[clerk]}"


def fep_as(clerk: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one ``fep`` command as a clerk, in English."""
    if os.getuid() == 0:
        return process_of(clerk, ["-m", "fep", *map(str, words)])
    return process_of(clerk, ["-c", _NAMED, name_of(clerk), *map(str, words)])


def killed_as(clerk: str, where: str, *words: str | Path) -> None:
    """Run one ``fep`` command as a clerk, in a process that is killed when it comes to ``where``."""
    code = _KILLED
    if os.getuid() != 0:
        patched = f'patch("fep.commands.recon.desk.present_operator", lambda: "{name_of(clerk)}")'
        code = code.replace("with patch(sys.argv[1], die)", f"with patch(sys.argv[1], die), {patched}")
    done = process_of(clerk, ["-c", code, where, *map(str, words)])
    assert done.returncode == -9, (done.returncode, done.stdout, done.stderr)


@contextmanager
def shared_directory() -> Iterator[Path]:
    """Make a directory that both clerks may enter, whoever runs the tests."""
    with TemporaryDirectory(prefix="fep-clerks-") as directory:
        path = Path(directory)
        path.chmod(0o755)
        yield path


def share(config: Path) -> None:
    """Let both clerks read a configuration: whether they may is asked of the real user."""
    config.parent.chmod(0o755)
    config.chmod(0o644)


def process_of(clerk: str, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Python as a clerk."""
    uid = CLERKS[clerk]

    def become() -> None:
        # The real user says who it is; the effective one may still read this tree, wherever it stands.
        if os.getuid() == 0:
            with suppress(OSError):  # a kernel without audit, or a container that may not say who has logged in
                LOGIN_UID.write_text(str(uid), encoding="ascii")
            os.setreuid(uid, 0)

    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**environment(), "FEP_LANG": "en"},
        preexec_fn=become,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
