"""Debit commands killed at every step and run again: the end is that of a run that nobody disturbed."""

import shutil
import signal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.fep.commands.conftest import Run
from tests.fep.commands.debit.conftest import fill
from tests.support.databases import driver_connection
from tests.support.debit_files import Answer, debited, mandate_file, result_file
from tests.support.debit_site import BANK, MONTH, DebitSite
from tests.support.killed import run_killed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RESULT = f"DKR{BANK}{MONTH}01.txt"
# Moments and numbers that are drawn in vain differ; what they stand for does not.
LEFT_OUT = {"made_at", "out_at", "ended_at", "fep_serial", "created_at", "settled_by", "changed_at", "loaded_at", "id"}
TABLES = ("accounts", "bills", "payments", "mandates", "mandate_files", "debit_batches", "debit_rows", "operator_acts")


@pytest.fixture
def template(run: Run, tmp_path: Path) -> DebitSite:
    """A site with mandates that are not loaded yet; copied for each run."""
    directory = tmp_path / "template"
    assert run("init", directory, "--demo", "--accounts", 1).exit_code == 0
    site = site_in(directory, run)
    fill(site)
    return site


def site_in(directory: Path, run: Run) -> DebitSite:
    """The site of a directory."""
    return DebitSite(directory, [f"sqlite:///{directory}/billing.db"], run)


def copied(template: DebitSite, name: str) -> DebitSite:
    """A copy of a site beside it."""
    directory = template.directory.with_name(name)
    shutil.copytree(template.directory, directory, ignore=lambda *_: ["fep.sock"])
    return site_in(directory, template.command)


def state(site: DebitSite) -> dict[str, Any]:
    """All that the books and the bank's folder hold."""
    found: dict[str, Any] = {}
    for table in TABLES:
        columns = [row[1] for row in site.rows(f"PRAGMA table_info({table})") if row[1] not in LEFT_OUT]
        found[table] = sorted(site.rows(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
    found["bills settled"] = site.rows("SELECT bill_no FROM bills WHERE settled_by IS NOT NULL ORDER BY bill_no")
    found["files"] = {path.name: path.read_bytes() for path in site.outgoing.glob("*")}
    return found


def killed_everywhere(template: DebitSite, *words: object) -> int:
    """Kill a command at its first step, at its second … and compare after another run; return how many steps it has."""
    command = ("debit", *words, "--config")
    undisturbed = copied(template, "undisturbed")
    assert run_killed(0, *command, undisturbed.config) == 0
    expected = state(undisturbed)
    for step in count(1):
        site = copied(template, f"killed-{step}")
        ended = run_killed(step, *command, site.config)
        # No half file under its name, whatever happened: what stands there is what stands there in the end.
        for path in site.outgoing.glob("*"):
            assert path.read_bytes() == expected["files"].get(path.name, path.read_bytes())
        site.check_books()
        if ended == 0:
            assert state(site) == expected
            return step - 1
        assert ended == -signal.SIGKILL
        again = template.command(*command, site.config)
        assert again.exit_code == 0, again
        assert state(site) == expected, f"killed at step {step}"
        shutil.rmtree(site.directory)
    raise AssertionError


def put_mandates(site: DebitSite) -> None:
    """The mandates of six accounts, of which one ends again in the same file."""
    rows = [site.mandate(number) for number in (1, 2, 3, 4, 5, 6, 7)] + [site.mandate(7, action=2)]
    site.put(f"WT{BANK}{site.day}.txt", mandate_file(BANK, site.day, rows))


def load_mandates(site: DebitSite) -> None:
    put_mandates(site)
    assert site.debit("mandates").exit_code == 0


def export(site: DebitSite) -> None:
    load_mandates(site)
    assert site.export().exit_code == 0


def put_result(site: DebitSite) -> None:
    """A result in which some rows were debited and some were not."""
    export(site)
    rows = site.listed().rows
    answers = [Answer("01") if row.row_no % 3 == 0 else debited(row, site.day, row.row_no) for row in rows]
    site.put(RESULT, result_file(site.listed(), answers))


def propose_release(site: DebitSite) -> None:
    """A batch whose release somebody else has proposed."""
    export(site)
    with driver_connection(site.urls[0]) as connection:
        connection.execute("UPDATE debit_batches SET proposed_by = 'somebody', reason = 'never came back'")


def test_mandates(template: DebitSite) -> None:
    """A file that was gone through by half is gone through again, ends and all."""
    put_mandates(template)
    assert killed_everywhere(template, "mandates") > 5


def test_export(template: DebitSite) -> None:
    """No bill twice, none forgotten, the same file."""
    load_mandates(template)
    assert killed_everywhere(template, "export", "--bank", BANK, "--month", MONTH) > 8


def test_import(template: DebitSite) -> None:
    """Each row posted once."""
    put_result(template)
    assert killed_everywhere(template, "import", "--bank", BANK) > 4


def test_release(template: DebitSite) -> None:
    """All bills free, the list gone."""
    propose_release(template)
    assert killed_everywhere(template, "approve", 10_000_000_001) > 4
