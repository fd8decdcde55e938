"""The systemd units: what they start exists, what they promise is kept, and systemd itself finds nothing wrong."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "conf" / "systemd"
EXPOSURE_MAX = 1.5
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def values(unit: str, key: str) -> list[str]:
    """Return what a unit file says of ``key``, in order."""
    text = (FOLDER / unit).read_text(encoding="utf-8")
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def test_the_daemon_is_started_reloaded_and_watched() -> None:
    """The unit uses what the daemon understands: notification, the watchdog, SIGHUP, SIGTERM, and its exit codes."""
    assert values("fep@.service", "Type") == ["notify"]
    assert values("fep@.service", "ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert values("fep@.service", "ExecStart") == ["/opt/fep/bin/fep run --config /var/lib/fep/%i/fep.toml"]
    assert values("fep@.service", "RestartPreventExitStatus") == ["2"]
    assert int(values("fep@.service", "WatchdogSec")[0]) >= 10


def test_the_socket_belongs_to_the_service() -> None:
    """Its name is a dialect's, and it outlives the service that it starts."""
    assert values("fep@.socket", "FileDescriptorName") == ["standard"]
    assert values("fep@.socket", "Service") == ["fep@%i.service"]


def test_every_service_runs_as_the_user_that_is_made() -> None:
    """Nothing runs as root."""
    made = re.findall(r"^u (\S+)", (FOLDER / "sysusers.d" / "fep.conf").read_text(encoding="utf-8"), re.MULTILINE)
    users = {path.name: values(path.name, "User") for path in FOLDER.glob("*.service")}
    assert users
    assert {name: user for name, user in users.items() if user not in [[each] for each in made]} == {}


@needs_systemd
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    """``systemd-analyze verify`` prints nothing, once the program stands where the units expect it."""
    program = tmp_path / "fep"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    units = []
    for path in sorted(FOLDER.glob("*.*")):
        if path.suffix in {".service", ".socket", ".timer"}:
            text = re.sub(r"/opt/fep/bin/\S+", str(program), path.read_text(encoding="utf-8"))
            (tmp_path / path.name).write_text(text, encoding="utf-8")
            units.append(str(tmp_path / path.name.replace("@.", "@site.")))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False, timeout=60
    )
    assert (verified.stdout, verified.stderr) == ("", "")


@needs_systemd
@pytest.mark.parametrize("unit", sorted(path.name for path in FOLDER.glob("*.service")))
def test_services_are_exposed_to_little(unit: str) -> None:
    """The exposure level that systemd computes of each service is 1.5 or better."""
    analysed = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(FOLDER / unit)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", analysed.stdout)
    assert level is not None, analysed.stderr
    assert float(level[1]) <= EXPOSURE_MAX
