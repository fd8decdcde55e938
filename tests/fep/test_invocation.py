"""How the program was called, and which it is."""

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from fep.invocation import shell_command, version

ROOT = Path(__file__).parents[2]


def called(monkeypatch: pytest.MonkeyPatch, *typed: str, program: str, words: tuple[str, ...] = ()) -> None:
    monkeypatch.setattr(sys, "orig_argv", [*typed, *words])
    monkeypatch.setattr(sys, "argv", [program, *words])


def test_as_a_module_the_interpreter_is_printed_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a source tree there is no command ``fep`` to type."""
    called(monkeypatch, ".venv/bin/python", "-X", "dev", "-m", "fep", program="/x/fep/__main__.py", words=("init", "d"))
    expected = ".venv/bin/python -X dev -m fep run --config 'my site/fep.toml'"
    assert expected == shell_command("run", "--config", Path("my site/fep.toml"))


def test_a_command_on_the_path_is_its_name_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the documents write it; one that is not on it is printed with its path."""
    script = tmp_path / "fep"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    called(monkeypatch, "/usr/bin/python3", str(script), program=str(script))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shell_command("run") == "fep run"
    monkeypatch.setenv("PATH", "/nowhere")
    assert f"{script} run" == shell_command("run")


def test_init_prints_the_command_that_starts_what_it_made(tmp_path: Path) -> None:
    """It can be pasted into the shell as it stands."""
    words = [sys.executable, "-m", "fep", "--lang", "en", "init", str(tmp_path / "site")]
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert f"next: {sys.executable} -m fep run --config {tmp_path}/site/fep.toml\n" in made.stdout


def test_the_version_is_that_of_the_distribution() -> None:
    """Installed or not."""
    metadata = ConfigParser(interpolation=None)
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    assert metadata["metadata"]["version"] == version()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version())
