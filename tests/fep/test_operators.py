"""Operators 操作员: who runs a command is asked of the system, not of what anybody can set."""

import os
import pwd
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fep import operators
from fep.operators import has_login, is_member, owns_way_to, present_operator
from tests.support.daemon import ROOT, environment
from tests.support.operators import CLERKS, name_of, process_of

ASK = "from fep.operators import present_operator; print(present_operator())"


@pytest.fixture
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A kernel that knows of no login, as in a service."""
    path = tmp_path / "loginuid"
    path.write_text("4294967295")
    monkeypatch.setattr(operators, "LOGIN_UID", path)
    return path


@pytest.mark.usefixtures("no_login")
def test_the_login_name() -> None:
    """It is that of the real user."""
    assert present_operator() == pwd.getpwuid(os.getuid()).pw_name


def test_environment_variables_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says that he is somebody else is not."""
    before = present_operator()
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "somebody-else")
    assert present_operator() == before


def test_sudo_makes_nobody_else_of_him(no_login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has logged in remains who he is as root, and two who become the same user remain two."""
    no_login.write_text(f"{CLERKS['clerk']}")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert present_operator() == name_of("clerk")
    no_login.write_text(f"{CLERKS['chief']}\n")
    assert present_operator() == name_of("chief")


def test_a_kernel_that_keeps_no_logins(no_login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real user is asked for."""
    monkeypatch.setattr(os, "getuid", lambda: CLERKS["chief"])
    no_login.write_text("")
    assert present_operator() == name_of("chief")
    no_login.unlink()
    assert present_operator() == name_of("chief")


def test_the_real_user_decides() -> None:
    """Not the effective one, which a program may have been given."""
    if os.getuid() != 0:
        pytest.skip("only root may become somebody else")
    done = process_of("clerk", ["-c", ASK])
    assert done.stdout.strip() == name_of("clerk")


@pytest.mark.usefixtures("no_login")
def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """He is told by his number."""
    monkeypatch.setattr(os, "getuid", lambda: CLERKS["chief"])
    assert present_operator() == name_of("chief") == "uid-61002"


def test_groups_are_those_of_who_has_logged_in(no_login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither sudo nor a name that the system does not know gives anybody a group; root has them all."""
    no_login.write_text(f"{CLERKS['clerk']}")
    monkeypatch.setattr(operators.grp, "getgrnam", lambda name: SimpleNamespace(gr_gid={"security": 700}[name]))
    assert not is_member("security")
    monkeypatch.setattr(operators.pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="li", pw_gid=100))
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, 700] if name == "li" else [gid])
    assert is_member("security")
    assert not is_member("nobodys")
    monkeypatch.setattr(os, "getgrouplist", lambda _, gid: [gid])
    assert not is_member("security")
    no_login.write_text("0")
    assert is_member("security")


def test_a_process_of_its_own_is_of_the_same_user() -> None:
    """Whatever the shell around it says."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={**environment(), "USER": "x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == present_operator()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make files of others")
def test_what_an_operator_could_replace(no_login: Path, tmp_path: Path) -> None:
    """A file, a folder or a link of his on the way: he could have anything read there, as the user that he works as."""
    tmp_path.chmod(0o755)
    clerk, site = CLERKS["clerk"], tmp_path / "site"
    site.mkdir()
    config, link, own = site / "fep.toml", tmp_path / "link", tmp_path / "own"
    config.write_text("")
    link.symlink_to(site)
    own.mkdir()
    (own / "fep.toml").symlink_to(config)
    no_login.write_text(f"{clerk}")
    assert not owns_way_to(config)
    assert not owns_way_to(link / "fep.toml")
    assert not owns_way_to(tmp_path / "missing")
    os.chown(own, clerk, clerk)
    assert owns_way_to(own / "fep.toml")
    os.chown(link, clerk, clerk, follow_symlinks=False)
    assert owns_way_to(link / "fep.toml")
    os.chown(config, clerk, clerk)
    assert owns_way_to(config)
    no_login.write_text("0")
    assert not owns_way_to(config)


def test_his_own_site_is_everybodys_own(no_login: Path, tmp_path: Path) -> None:
    """Who works as himself may read what is his."""
    no_login.write_text(f"{os.getuid()}")
    assert not owns_way_to(tmp_path)


def test_who_has_no_login_is_nobody_for_certain(no_login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel keeps a login, or the real user is another than the one he works as; else anybody may be that user."""
    monkeypatch.setattr(os, "geteuid", os.getuid)
    assert not has_login()
    no_login.write_text(f"{CLERKS['clerk']}")
    assert has_login()
    no_login.unlink()
    assert not has_login()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert has_login()
