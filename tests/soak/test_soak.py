"""A short soak run: a day or two pass in seconds, and everything that a long run does is done once."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import ROOT, environment

LIMIT_S = 280


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_day_in_seconds(tmp_path: Path) -> None:
    """Banks of every format work on two daemons while keys, configuration and days change: nothing stays unanswered,
    every closed day is reconciled, the books agree with what the banks know, and no daemon logs an error.
    """
    samples = tmp_path / "samples.csv"
    words = ("--seconds", "6", "--days", "1", "--links", "6", "--accounts", "200", "--database", "sqlite")
    run = subprocess.run(
        [sys.executable, "-m", "tests.soak", *words, "--csv", str(samples)],
        cwd=ROOT,
        env={**environment(), "FEP_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    said = run.stdout + run.stderr
    assert run.returncode == 0, said
    figures = dict(re.findall(r"^([a-z ,]+): ([\d,]+)", said, re.MULTILINE))
    assert figures["requests unanswered"] == "0"
    assert int(figures["requests answered"].replace(",", "")) > 20, said
    happened = dict(re.findall(r"([a-z ]+[a-z]) ([\d,]+)", re.search(r"^happened: (.*)$", said, re.MULTILINE)[1]))  # type: ignore[index]
    assert {"bills issued", "reloaded", "keys changed", "pages read", "connected"} <= {
        name.strip() for name in happened
    }
    with samples.open(encoding="ascii", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["daemon"] for row in rows} == {"1", "2"}
    assert all(int(row["rss_kib"]) > 10_000 and int(row["descriptors"]) > 5 < int(row["threads"]) for row in rows)
