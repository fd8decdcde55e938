"""``fep`` in a process of its own that is killed with SIGKILL at its Nth step. 中途强杀

Steps are what another process can see: a COMMIT has been made, a file has got its name or lost it. What stands between
two of them is the same for whoever comes next, but for a file that is written and has no name yet: a step too. Jobs
take two accounts in a transaction instead of 500, so that a small site has several of them.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from fep import cli
from fep.debits import listing, mandates, release, results

ACCOUNTS_AT_ONCE = 2


def run_killed(step: int, *words: object) -> int:
    """Run ``fep`` to its Nth step (0: to its end); return its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        exit_code = 70
        try:
            exit_code = _run(step, *words)
        finally:
            os._exit(exit_code)  # pytest is the parent's affair
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(last: int, *words: object) -> int:
    left = [last]

    def step() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for module in (listing, mandates, release, results):
        module.JOB_ACCOUNTS_MAX = ACCOUNTS_AT_ONCE  # type: ignore[attr-defined]
    Connection._commit_impl = _with_step(Connection._commit_impl, step)  # type: ignore[method-assign]
    Path.unlink = _with_step(Path.unlink, step)  # type: ignore[method-assign]
    replace = Path.replace

    def stepping_replace(path: Path, target: Any) -> Path:
        step()
        replaced = replace(path, target)
        step()
        return replaced

    Path.replace = stepping_replace  # type: ignore[method-assign, assignment]
    return cli.main([str(word) for word in words])


def _with_step(function: Callable[..., Any], step: Callable[[], None]) -> Callable[..., Any]:
    """Return the function with a step behind it."""

    def stepping(*args: Any, **named: Any) -> Any:
        result = function(*args, **named)
        step()
        return result

    return stepping
