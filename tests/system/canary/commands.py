"""Commands 命令: ``fep`` run to its end, each in a process of its own that has its modules already. 预装载的命令行

A hundred commands that each import everything anew take minutes; a process that has it already is copied for each.
What a command prints goes to files, so that whatever the interpreter itself writes at the end is there too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from unittest.mock import patch

from tests.support.daemon import ROOT, environment


@dataclass(frozen=True)
class Ended:
    """What a command came to."""

    code: int
    output: bytes


class Commands:
    """Runs commands one after the other; a context manager."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="fep-commands-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, self._folder.name],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)
        self._folder.cleanup()

    def fep(self, *words: str | Path, typed: str = "", bug: str = "") -> Ended:
        """Run ``fep`` with these words, and what is typed at it, to its end; ``bug``: what its bug says, if any."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([[*map(str, words)], typed, bug]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code, (Path(self._folder.name) / "output").read_bytes())


def _serve(folder: Path) -> None:
    import_module("fep.cli")
    for line in sys.stdin:
        words, typed, bug = json.loads(line)
        (folder / "input").write_text(typed, encoding="utf-8")
        child = os.fork()
        if not child:
            _become(words, bug, folder)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
        _import_all_of((folder / "modules").read_text(encoding="utf-8").split())


def _import_all_of(names: Iterable[str]) -> None:
    """Import what a command has imported, so that the next one has it already."""
    for name in names:
        if name not in sys.modules:
            with suppress(ImportError):
                import_module(name)


def _become(words: list[str], bug: str, folder: Path) -> None:
    """Be that command, and end as the interpreter would."""
    from fep.__main__ import main

    output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for stream, number in ((os.open(folder / "input", os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(stream, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the life of the process
    sys.argv[1:] = words
    code: object = 0
    try:
        with patch("fep.listings.outputs.Outputs.show", side_effect=ValueError(bug)) if bug else nullcontext():
            main()
    except SystemExit as ending:
        code = ending.code
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    for stream_ in (sys.stdout, sys.stderr):
        stream_.flush()
    (folder / "modules").write_text("\n".join(sys.modules), encoding="utf-8")
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
