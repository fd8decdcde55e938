"""The wheel is complete, and nothing else on this machine claims the names of our packages."""

import os
import shutil
import socket
import subprocess
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("fep", "protocol", "handlers", "dbgate", "crypto")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a copy of the tree, which is gone afterwards."""
    workshop = tmp_path_factory.mktemp("workshop")
    tree = workshop / "tree"
    tree.mkdir()
    for name in (*PACKAGES, "conf", "scripts", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(workshop / "dist"), str(tree)],
        check=True,
        capture_output=True,
        timeout=100,
    )
    shutil.rmtree(tree)
    (built,) = (workshop / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel into a folder of its own; the dependencies are those of the tests."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run_fep(installed: Path, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "PYTHONPATH": str(installed), "FEP_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-P", "-m", "fep", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_wheel_holds_our_packages_and_nothing_else(wheel: Path) -> None:
    """Installing the product puts five packages on the machine; conf, scripts and tests are not among them."""
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_product_works_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    """With the tree deleted, init, db upgrade and run do their work."""
    site = tmp_path / "site"
    made = run_fep(installed, "init", str(site), "--demo", "--accounts", "20", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    upgraded = run_fep(installed, "db", "upgrade", "--config", str(site / "fep.toml"), cwd=tmp_path)
    assert upgraded.returncode == 0, upgraded.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        started = run_fep(
            installed, "run", "--config", str(site / "fep.toml"), "--listen", f"127.0.0.1:{port}", cwd=tmp_path
        )
    # It went as far as listening: the only thing in its way is the port that this test holds.
    assert started.returncode == 3
    assert f"127.0.0.1:{port}" in started.stdout


def test_nobody_else_claims_our_names() -> None:
    """PyPI has packages called crypto and protocol; none of our dependencies brings one."""
    claimed = packages_distributions()
    assert {name: claimed[name] for name in PACKAGES if name in claimed} == {}
