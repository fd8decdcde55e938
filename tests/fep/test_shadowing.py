"""The refusal to run beside packages that have our names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fep.shadowing import ROOT, find_shadows


def _package(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text("")


def test_our_own_packages_are_found_where_they_should_be() -> None:
    """In a sound installation nothing is shadowed."""
    assert find_shadows() == []


def test_a_namesake_that_comes_first_on_the_path_is_named_with_both_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another package's folder that would be imported in place of ours is found."""
    _package(tmp_path / "theirs", "walrus_crypto")
    _package(tmp_path / "ours", "walrus_crypto")
    monkeypatch.syspath_prepend(tmp_path / "theirs")

    [shadow] = find_shadows(["walrus_crypto"], tmp_path / "ours")

    assert str(tmp_path / "theirs" / "walrus_crypto" / "__init__.py") in str(shadow.text())
    assert str(tmp_path / "ours" / "walrus_crypto" / "__init__.py") in shadow.text().zh


def test_a_folder_that_lost_its_init_is_not_taken_for_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Uninstalling the namesake leaves a namespace package; it is refused, as nobody's."""
    (tmp_path / "walrus_handlers").mkdir()
    monkeypatch.syspath_prepend(tmp_path)

    assert [shadow.found for shadow in find_shadows(["walrus_handlers"], tmp_path)] == ["none"]


def test_a_namesake_installed_into_our_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two distributions mixed in one folder are told by the other's metadata."""
    _package(tmp_path, "walrus_protocol")
    metadata = tmp_path / "walrus_protocol-0.37.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: walrus_protocol\nVersion: 0.37\n")
    monkeypatch.syspath_prepend(tmp_path)

    [shadow] = find_shadows(["walrus_protocol"], tmp_path)

    assert shadow.found.startswith("walrus_protocol 0.37 in ")


def test_the_command_refuses_to_start_when_shadowed(tmp_path: Path) -> None:
    """Before anything is imported from a stranger, ``fep`` says both paths and exits with 3."""
    (tmp_path / "crypto").mkdir()
    (tmp_path / "crypto" / "__init__.py").write_text("raise SystemExit('stranger imported')")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "FEP_LANG": "en"}

    done = subprocess.run(
        [sys.executable, "-P", "-m", "fep", "--help"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 3
    assert str(tmp_path / "crypto" / "__init__.py") in done.stderr
    assert str(ROOT / "crypto" / "__init__.py") in done.stderr
    assert "stranger imported" not in done.stderr
