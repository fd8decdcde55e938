"""The command with which officers reach a key store whose master key systemd keeps."""

import os
import pwd
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "conf" / "fep-site"
PROGRAM = """#!/bin/sh
id -un; cat "$CREDENTIALS_DIRECTORY/master.key"; echo "$CREDENTIALS_DIRECTORY"; echo "$FEP_CONFIG"
echo "$STRANGE"; echo "$@"
exit 3
"""


@pytest.fixture
def script() -> Iterator[Path]:
    """The script over folders of the test, and a program that tells what it was started with."""
    with tempfile.TemporaryDirectory(prefix="fep-site-") as name:  # another user gets into no folder of pytest's
        yield _placed(Path(name))


def _placed(folder: Path) -> Path:
    folder.chmod(0o755)
    for name in ("sites/site", "keys/site", "memory"):
        (folder / name).mkdir(mode=0o755, parents=True)
    (folder / "sites" / "site" / "fep.toml").touch()
    (folder / "keys" / "site" / "master.key").write_text("the key\n")
    (folder / "keys" / "site" / "master.key").chmod(0o600)
    (folder / "fep").write_text(PROGRAM)
    (folder / "fep").chmod(0o755)
    places = f"sites={folder}/sites keys={folder}/keys program={folder}/fep user=nobody memory={folder}/memory"
    text, changed = re.subn(r"^sites=.*$", places, SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert changed == 1
    (folder / "fep-site").write_text(text, encoding="utf-8")
    return folder / "fep-site"


def run(script: Path, *words: str, lang: str = "C.UTF-8") -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "LANG": lang, "STRANGE": "from outside"}
    return subprocess.run(["sh", str(script), *words], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_command_has_the_key_while_it_runs(script: Path) -> None:
    """As the daemon's user, on the site's own configuration whatever is asked for; its exit code comes through."""
    done = run(script, "site", "keys", "list", "--config", "/tmp/other.toml")
    folder = script.parent
    assert (done.returncode, done.stderr) == (3, "")
    user, key, credentials, config, strange, words = done.stdout.splitlines()
    assert (user, key, strange) == (pwd.getpwnam("nobody").pw_name, "the key", "")
    assert config == f"{folder}/sites/site/fep.toml"
    assert words == f"keys list --config /tmp/other.toml --config {config}", "the last one counts"
    assert credentials.startswith(f"{folder}/memory/")
    assert not any((folder / "memory").iterdir()), "the copy has gone with the command"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "usage: fep-site SITE COMMAND"),
        (("../other", "keys"), "../other: a site is a folder in"),
        (("other", "keys"), "sites/other/fep.toml: no such file"),
    ],
)
def test_what_is_no_site(script: Path, words: tuple[str, ...], said: str) -> None:
    """Nothing is run, and no key is touched."""
    done = run(script, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "用法" in run(script, lang="zh_CN.UTF-8").stderr
