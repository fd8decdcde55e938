"""The scripts for auditors and operators: each explains itself, and tells bad input from good by its exit code."""

import os
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest

from fep.clock import shanghai_now
from tests.support.daemon import copy_directory, init_demo
from tests.support.scripts import scripts_folder

SCRIPTS = Path(__file__).parents[1] / "scripts"
YESTERDAY: date = shanghai_now().date() - timedelta(days=1)
OTHERS = {"command", "report", "demo", "test", "bench", "chaos", "soak", "requirements", "environment"}
"""What the others call, and what is for developers."""

WORDS: dict[str, tuple[object, ...]] = {
    "apply_balances": (),
    "arrears": ("--date", YESTERDAY),
    "audit_trail": ("--date", YESTERDAY, "--verify"),
    "audit_verify": ("--movements", "--from", YESTERDAY),
    "day_close": ("--bank", "all", "--date", YESTERDAY),
    "day_report": ("--date", YESTERDAY),
    "debit_export": ("--bank", "0102", "--month", "2026-10"),
    "debit_import": ("--bank", "0102"),
    "debit_mandates": (),
    "doubtful": ("--date", YESTERDAY),
    "month_report": ("--date", f"{YESTERDAY:%Y-%m}"),
    "reconcile": ("--date", YESTERDAY),
    "statistics": ("--date", YESTERDAY),
}
"""What each is called with on a demo site, where there is nothing to find."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo site, to be copied."""
    return init_demo(tmp_path_factory.mktemp("demo") / "site", accounts=20)


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the scripts, in a tree with an interpreter."""
    return scripts_folder(tmp_path_factory.mktemp("scripts") / "tree")


def run(script: Path, directory: Path, *words: object) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "FEP_LANG": "en", "COLUMNS": "120"}
    environment.pop("FEP_CONFIG", None)
    return subprocess.run(
        [script, *map(str, words)],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_script_is_here() -> None:
    """Whoever adds a script adds what it is called with."""
    found = {path.name for path in SCRIPTS.iterdir() if path.is_file() and os.access(path, os.X_OK)}
    assert found - OTHERS == set(WORDS)


@pytest.mark.parametrize("name", WORDS)
def test_a_script(name: str, demo: Path, scripts: Path, tmp_path: Path) -> None:
    """--help with --config, in Chinese; exit code 2 for bad input, and 0 where all is well; from any directory."""
    site = copy_directory(demo, tmp_path / "site")
    shown = run(scripts / name, tmp_path, "--help", "--lang", "zh")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--config" in shown.stdout
    assert "用法" in shown.stdout
    dated = [word for word in WORDS[name] if word in ("--date", "--month")]
    assert all(word in shown.stdout for word in dated)
    bad = run(scripts / name, tmp_path, *WORDS[name], "--config", "nowhere.toml")
    assert (bad.returncode, "nowhere.toml" in bad.stderr) == (2, True), bad
    done = run(scripts / name, tmp_path, *WORDS[name], "--config", site.relative_to(tmp_path) / "fep.toml")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
