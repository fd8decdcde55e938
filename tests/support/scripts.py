"""The scripts of the tree, called as auditors and operators do, wherever the interpreter of the tests stands. 脚本"""

import shutil
import sys
from pathlib import Path

from tests.support.daemon import ROOT

_PACKAGES = ("crypto", "dbgate", "fep", "handlers", "protocol")


def scripts_folder(directory: Path) -> Path:
    """Return the folder of the scripts; they run by the ``.venv`` of the tree that they stand in.

    Where the tests run by another interpreter the tree has none: then ``directory`` becomes such a tree, with copies of
    the scripts, links to the packages, and a ``python`` that is the tests' own.
    """
    if (ROOT / ".venv" / "bin" / "python").exists():
        return ROOT / "scripts"
    return made_tree(directory) / "scripts"


def made_tree(tree: Path) -> Path:
    """Make a tree that has all that a script needs, and return it."""
    python = tree / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # No link to the interpreter: it would look for its libraries beside the link.
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    for package in _PACKAGES:
        (tree / package).symlink_to(ROOT / package)
    (tree / "scripts").mkdir()
    for script in (ROOT / "scripts").iterdir():
        if script.is_file():
            shutil.copy2(script, tree / "scripts")
    return tree
