"""The units of the jobs: each has a time, starts a command that there is, and comes when its day is over."""

import re
import shlex
import subprocess
from datetime import time
from pathlib import Path

import click
import pytest

from dbgate.clearing import DEFAULT_CUT_OFF
from fep.cli import fep

FOLDER = Path(__file__).parents[1] / "conf" / "systemd"
ROOT = FOLDER.parents[1]
SERVICES = sorted(path.name for path in FOLDER.glob("fep-job-*@.service"))
TIMERS = sorted(path.name for path in FOLDER.glob("fep-job-*@.timer"))
PROGRAM = "/opt/fep/bin/fep "

ORDER = [
    *("apply-balances", "day-report", "doubtful", "audit-trail", "audit-verify"),
    *("month-report", "debit-mandates", "debit-export", "reconcile"),
]
"""Balances are settled before anything is reported or listed, mandates are loaded before bills are listed; banks have
sent their files by the small hours.
"""


def value(unit: str, key: str) -> str:
    """Return what a unit file says of ``key``."""
    found = re.findall(rf"^{key}=(.*)$", (FOLDER / unit).read_text(encoding="utf-8"), re.MULTILINE)
    assert len(found) == 1, (unit, key, found)
    return str(found[0])


def command_of(unit: str) -> tuple[click.Command, list[str]]:
    """Return the command that a service starts, and its options."""
    started = value(unit, "ExecStart").partition(PROGRAM)[2].partition("||")[0].rstrip("'")
    words = shlex.split(re.sub(r"\$\$\((?:[^()]|\([^()]*\))*\)", "DATE", started))
    command: click.Command = fep
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, started
        command = found
    return command, words


def begins(timer: str) -> time:
    """Return when on its days a timer's job begins."""
    calendar = re.fullmatch(r"\*-\*-(?:\*|\d\d) (\d\d):(\d\d):00 Asia/Shanghai", value(timer, "OnCalendar"))
    assert calendar is not None, timer
    return time(int(calendar[1]), int(calendar[2]))


def test_each_job_has_its_time() -> None:
    """No service without a timer, and none the other way round; what was missed is made up for."""
    assert [name.replace(".timer", ".service") for name in TIMERS] == SERVICES
    assert len(SERVICES) >= len(ORDER)
    assert {value(timer, "Persistent") for timer in TIMERS} == {"yes"}


@pytest.mark.parametrize("unit", SERVICES)
def test_each_job_starts_what_there_is(unit: str) -> None:
    """The command exists, takes these options, is given all that it cannot do without, and knows its site."""
    command, words = command_of(unit)
    given = {word for word in words if word.startswith("--")}
    known = {name for parameter in command.params for name in parameter.opts}
    wanted = {parameter.opts[0] for parameter in command.params if parameter.required}
    assert given <= known
    assert wanted <= given
    assert words[words.index("--config") + 1] == "fep.toml"
    assert value(unit, "WorkingDirectory") == "/var/lib/fep/%i"


@pytest.mark.parametrize("unit", SERVICES)
def test_each_job_has_a_script(unit: str) -> None:
    """What a timer starts an operator may start by hand, under the same name."""
    name = unit.removeprefix("fep-job-").removesuffix("@.service").replace("-", "_")
    words = value(unit, "ExecStart").partition(PROGRAM)[2].split()[:2]
    script = (ROOT / "scripts" / name).read_text(encoding="utf-8")
    assert f'command" {" ".join(words)}' in script or f'{words[0]}" {words[1]}' in script


def test_jobs_come_in_order() -> None:
    """When the day is over by the default cut-off, one after the other, and all before the counters open."""
    times = [begins(f"fep-job-{name}@.timer") for name in ORDER]
    assert times == sorted(set(times))
    assert all(begin < time(8) < DEFAULT_CUT_OFF for begin in map(begins, TIMERS))


@pytest.mark.parametrize("unit", [name for name in SERVICES if "last month" in (FOLDER / name).read_text("utf-8")])
def test_last_month_on_any_day(unit: str, tmp_path: Path) -> None:
    """A job that is run on a 31st, or when the machine is on again, means the month before."""
    (asked,) = re.findall(r"\$\$\((date -d .* last month\" [^)]*)\)", value(unit, "ExecStart"))
    script = asked.replace("$$", "$").replace("%%", "%").replace("$(date", "$(date -d 2026-03-31")
    done = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "2026-02\n"


def test_jobs_share_their_walls() -> None:
    """The settings that all have in common are read for every unit of this name."""
    common = (FOLDER / "fep-job-.service.d" / "hardening.conf").read_text(encoding="utf-8")
    assert "\nType=oneshot\n" in common
    assert "\nProtectSystem=strict\nProtectHome=yes\nReadWritePaths=/var/lib/fep/%i\n" in common
    assert "TZ=Asia/Shanghai" in common


@pytest.mark.parametrize("document", ["audit-jobs.md", "audit-jobs.zh-CN.md"])
def test_the_document_names_every_job_and_check(document: str) -> None:
    """Each job with its time, and each check with what it means."""
    from dbgate.audits.every_check import NAMES

    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    for timer in TIMERS:
        name = timer.removeprefix("fep-job-").removesuffix("@.timer")
        assert f"| `scripts/{name.replace('-', '_')}` | `fep-job-{name}` | {begins(timer):%H:%M}" in text
    assert [name for name in NAMES if f"| `{name}` |" not in text] == []
