"""``fep keys`` where two officers are needed: one proposes, another approves 双人复核."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crypto.key_store import KeyStore
from crypto.master_key import resolve_master_key
from fep.clock import shanghai_now
from fep.config.configuration import load
from tests.fep.commands.conftest import Outcome, Run
from tests.fep.commands.test_keys import AES_KCV, AES_KEY, FIRST, KEY_KCV, keys_of, private, states_of, xor
from tests.support.daemon import set_key
from tests.support.operators import fep_as, name_of, share, shared_directory

Office = Callable[..., Outcome]


@pytest.fixture
def office(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A site with four eyes; each call runs one ``fep keys`` command as the officer who is named first."""
    set_key(site / "fep.toml", "keys", "four_eyes", "true")

    def work(officer: str, *words: object) -> Outcome:
        monkeypatch.setattr("fep.commands.keys.store.present_operator", lambda: officer)
        monkeypatch.setattr("fep.commands.keys.store.has_login", lambda: not officer.startswith("service"))
        return run("keys", *words, "--config", site / "fep.toml")

    return work


@pytest.fixture
def new_keys(tmp_path: Path) -> list[object]:
    """Options that bring a new pair, in files."""
    return ["--ak-file", private(tmp_path / "ak", AES_KEY), "--kek-file", private(tmp_path / "kek", FIRST)]


def rows(outcome: Outcome) -> list[list[str]]:
    assert outcome.exit_code == 0, outcome.err
    return [line.split("\t") for line in outcome.out.splitlines()[1:]]


def test_from_the_ceremony_to_the_new_keys_two_take_part(
    run: Run, site: Path, office: Office, new_keys: list[object]
) -> None:
    """Import and activation are proposed, shown with their check values, and done by the approval of another."""
    proposed = office("li", "import", "0103", *new_keys)
    assert proposed.exit_code == 0
    assert "proposal 1: import keys of bank 0103" in proposed.err
    assert "another officer approves it until" in proposed.err
    assert proposed.out == ""
    assert [state[:2] for state in states_of(run, site, "0103")] == [("1", "active")]

    assert "acts on keys wait for another officer: 1" in run("check-config", "--config", site / "fep.toml").out
    (row,) = rows(office("wang", "proposals"))
    assert row[:4] == ["1", "import", "0103", AES_KCV]
    assert row[6] == "li"
    until = datetime.fromisoformat(row[8]) - datetime.fromisoformat(row[7])
    assert until == timedelta(days=3)

    approved = office("wang", "approve", 1)
    assert approved.exit_code == 0
    assert "bank 0103: key version 2 stored" in approved.err
    assert keys_of(site, "0103") == ("aes", AES_KEY, FIRST)
    assert rows(office("wang", "proposals")) == []

    assert office("wang", "activate", "0103", 2, "--at-once").exit_code == 0
    assert [state[1] for state in states_of(run, site, "0103")] == ["active", "pending"]
    assert office("li", "approve", 2).exit_code == 0
    assert [state[1] for state in states_of(run, site, "0103")] == ["retired", "active"]

    acts = rows(office("auditor", "journal"))
    assert [(row[1], row[2], row[4], row[8]) for row in acts] == [
        ("li", "propose import", "2", "-"),
        ("wang", "import", "2", "li"),
        ("wang", "propose activate", "2", "-"),
        ("li", "activate", "2", "wang"),
    ]


def test_who_proposes_does_not_approve(run: Run, site: Path, office: Office) -> None:
    """Exit code 2 in both languages, and the keys are as they were."""
    office("li", "retire", "0104", 1, "--yes")
    english = office("li", "approve", 1)
    chinese = office("li", "--lang", "zh", "approve", 1)
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert "you have proposed it yourself; another officer must approve it" in english.err
    assert "须由另一人复核" in chinese.err
    assert [state[1] for state in states_of(run, site, "0104")] == ["active"]


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (("retire", "0104", 1, "--yes"), ["retired"]),
        (("remove", "0104", "--yes"), []),
    ],
)
def test_keys_end_when_two_want_it(
    run: Run, site: Path, office: Office, words: tuple[object, ...], after: list[str]
) -> None:
    """Retiring and removing change what is accepted as well."""
    assert office("li", *words).exit_code == 0
    assert [state[1] for state in states_of(run, site, "0104")] == ["active"]
    assert office("wang", "approve", 1).exit_code == 0
    assert [state[1] for state in states_of(run, site, "0104")] == after


def test_what_could_not_be_done_is_not_proposed(office: Office) -> None:
    """Nobody is asked to approve what is refused anyway."""
    for words in (("retire", "0104", 1), ("activate", "0103", 7), ("remove", "0999", "--yes"), ("reseal", "file:none")):
        refused = office("li", *words)
        assert refused.exit_code in {2, 3}, words
        assert "proposal" not in refused.err
    assert rows(office("li", "proposals")) == []


def test_keys_that_changed_since_are_looked_at_again(office: Office, new_keys: list[object]) -> None:
    """What was approved would not be what was proposed."""
    office("li", "retire", "0103", 1, "--yes")
    office("li", "import", "0103", *new_keys)
    assert office("wang", "approve", 2).exit_code == 0
    refused = office("wang", "approve", 1)
    assert refused.exit_code == 2
    assert "the keys have changed since it was proposed" in refused.err
    assert office("li", "reject", 1, "--reason", "superseded").exit_code == 0
    assert "proposal 1: superseded" in office("li", "journal").out


def test_a_rejected_proposal_is_over(office: Office) -> None:
    """Its proposer withdraws it, or another rejects it; each with a reason that stays in the journal."""
    office("li", "remove", "0104", "--yes")
    assert office("li", "reject", 1).exit_code == 2
    assert office("li", "reject", 1, "--reason", "wrong bank").exit_code == 0
    refused = office("wang", "approve", 1)
    assert refused.exit_code == 2
    assert "there is none of this number" in refused.err
    assert rows(office("li", "journal"))[-1][1:4] == ["li", "reject remove", "0104"]


def test_it_waits_no_longer_than_the_configuration_says(
    site: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor past the moment that was agreed with the bank."""
    set_key(site / "fep.toml", "keys", "proposal_age_max", "3600")
    office("li", "remove", "0104", "--yes")
    later = shanghai_now() + timedelta(seconds=3601)
    monkeypatch.setattr("fep.commands.keys.store.shanghai_now", lambda: later)
    refused = office("wang", "approve", 1)
    assert refused.exit_code == 2
    assert "its time is over; propose it again" in refused.err
    assert rows(office("wang", "proposals")) == []


def test_key_blocks_leave_when_two_have_agreed(office: Office, tmp_path: Path) -> None:
    """The protection key is entered with the proposal; the blocks come out at the approval, and not before."""
    kbpk = ("--kbpk-file", private(tmp_path / "1", FIRST), "--kbpk-file", private(tmp_path / "2", xor(FIRST, AES_KEY)))
    proposed = office("li", "export", "0102", 1, *kbpk)
    assert (proposed.exit_code, proposed.out) == (0, "")
    assert f"export key version 1 of bank 0102 (AK {KEY_KCV}" in proposed.err
    approved = office("wang", "approve", 1)
    assert [line[:5] for line in approved.out.splitlines()] == ["B0096", "B0096"]
    generated = office("li", "generate", "0102", "--wrapped", *kbpk)
    assert (generated.exit_code, generated.out) == (0, "")
    assert len(office("wang", "approve", 2).out.splitlines()) == 2


def test_the_store_gets_another_master_key_when_two_want_it(site: Path, office: Office, run: Run) -> None:
    """It is the one that was proposed: another one behind the same reference is refused."""
    assert run("keys", "make-master", f"file:{site}/other.key").exit_code == 0
    assert office("li", "reseal", "file:other.key").exit_code == 0
    (site / "other.key").rename(site / "proposed.key")
    assert run("keys", "make-master", f"file:{site}/other.key").exit_code == 0
    refused = office("wang", "approve", 1)
    assert refused.exit_code == 2
    assert "leads to another master key now" in refused.err
    (site / "proposed.key").replace(site / "other.key")
    done = office("wang", "approve", 1)
    assert done.exit_code == 0
    assert 'master_key = "file:other.key"' in done.err
    settings = load(site / "fep.toml")
    assert KeyStore.open(settings.keys.store, resolve_master_key("file:other.key", site)).bank_codes()


def test_a_new_journal_takes_two_as_well(site: Path, office: Office) -> None:
    """One alone could hide what he has done before."""
    office("li", "remove", "0104", "--yes")
    journal = site / "keys.store.journal"
    journal.write_text("spoilt\n")
    assert office("li", "journal", "--begin-anew", "disk of 21 November").exit_code == 0
    assert journal.read_text() == "spoilt\n"
    assert office("wang", "approve", 2).exit_code == 0
    (row,) = rows(office("wang", "journal"))
    assert row[1:3] + row[7:] == ["wang", "begin journal", "disk of 21 November", "li"]


def test_where_a_group_is_named_only_its_members_act(
    site: Path, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proposing, approving and rejecting are for security officers; looking is not."""
    office("li", "remove", "0104", "--yes")
    set_key(site / "fep.toml", "control", "security_officers", '"fep-security"')
    monkeypatch.setattr("fep.commands.keys.officers.is_member", lambda group: group != "fep-security")
    for words in (("remove", "0103", "--yes"), ("approve", 1), ("reject", 1, "--reason", "no")):
        refused = office("wang", *words)
        assert refused.exit_code == 2, words
        assert "is no security officer: acts on keys are for members of the group fep-security" in refused.err
    assert len(rows(office("wang", "proposals"))) == 1
    monkeypatch.setattr("fep.commands.keys.officers.is_member", lambda group: group == "fep-security")
    assert office("wang", "approve", 1).exit_code == 0


def test_two_users_of_one_machine() -> None:
    """Real commands in real processes: the system says who they are, and the first of them cannot do it alone."""
    with shared_directory() as directory:
        site = directory / "site"
        made = fep_as("chief", "init", site, "--demo", "--accounts", "5")
        assert made.returncode == 0, made.stderr
        config = site / "fep.toml"
        set_key(config, "keys", "four_eyes", "true")
        share(config)
        proposed = fep_as("clerk", "keys", "retire", "0102", "1", "--yes", "--config", config)
        assert proposed.returncode == 0, proposed.stderr
        alone = fep_as("clerk", "keys", "approve", "1", "--config", config)
        assert alone.returncode == 2, alone.stderr
        done = fep_as("chief", "keys", "approve", "1", "--config", config)
        assert done.returncode == 0, done.stderr
        acts = fep_as("chief", "keys", "journal", "--config", config).stdout
        assert f"\t{name_of('chief')}\tretire\t0102\t1\t{KEY_KCV}\t" in acts
        assert acts.rstrip().endswith(f"\t{name_of('clerk')}")
        assert (site / "keys.store").stat().st_mode & 0o077 == 0


def test_an_officer_brings_no_configuration_of_his_own(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch, new_keys: list[object]
) -> None:
    """One that says four_eyes = false beside the site's would let him act alone, through sudo, as the site's user."""
    with monkeypatch.context() as patched:
        patched.setattr("fep.commands.keys.officers.owns_way_to", lambda path: path == site / "fep.toml")
        refused = run("keys", "import", "0103", *new_keys, "--config", site / "fep.toml")
    assert refused.exit_code == 2
    assert "a configuration that is not his own" in refused.err
    assert [state[:2] for state in states_of(run, site, "0103")] == [("1", "active")]


@pytest.mark.parametrize(("proposes", "approves"), [("li", "service"), ("service", "li"), ("service", "service-2")])
def test_one_person_is_not_two_without_a_login(
    run: Run, site: Path, office: Office, new_keys: list[object], proposes: str, approves: str
) -> None:
    """In a session without a login li is the site's user, and could approve there what he has proposed as himself."""
    assert office(proposes, "import", "0103", *new_keys).exit_code == 0
    refused = office(approves, "approve", "1")
    assert refused.exit_code == 2
    assert "works without a login" in refused.err
    assert [state[:2] for state in states_of(run, site, "0103")] == [("1", "active")]
