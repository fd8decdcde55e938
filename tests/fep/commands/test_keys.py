"""``fep keys``: the key ceremony at the command line."""

import io
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crypto.key_blocks import unwrap_block
from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.master_key import resolve_master_key
from fep.config.configuration import load
from fep.operators import present_operator
from tests.fep.commands.conftest import Run
from tests.support.daemon import set_key

# 404142434445464748494A4B4C4D4E4F under 3DES, its check value from the golden vectors of the standard link.
KEY = "404142434445464748494A4B4C4D4E4F"
KEY_KCV = "8BAF473F"
# FIPS-197, appendix C.1 has this key; its check value is E_K(0), RFC 4493 section 4 has the like for its own key.
AES_KEY = "2B7E151628AED2A6ABF7158809CF4F3C"
AES_KCV = "7DF76B0C"  # RFC 4493, section 4: AES-128(key, 0) begins 7df76b0c
FIRST = "0F0E0D0C0B0A09080706050403020100"


def xor(left: str, right: str) -> str:
    return f"{int(left, 16) ^ int(right, 16):032X}"


def private(path: Path, text: str) -> Path:
    path.write_text(f"{text}\n")
    path.chmod(0o600)
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def keys_of(site: Path, bank_code: str, number: int = 2) -> tuple[str, str, str]:
    """Return suite, AK and KEK of a version of a bank's keys; those of the demo are the first."""
    settings = load(site / "fep.toml")
    store = KeyStore.open(settings.keys.store, resolve_master_key(settings.keys.master_key, site))
    keys = store.versions(bank_code)[number - 1].keys
    assert keys is not None
    return keys.suite.name, keys.ak.secret.hex().upper(), keys.kek.secret.hex().upper()


def states_of(run: Run, site: Path, bank_code: str) -> list[tuple[str, ...]]:
    """Return version, state, beginning and end of a bank's keys as they are listed."""
    lines = run("keys", "list", "--all", "--config", site / "fep.toml").out.splitlines()
    rows = [line.split("\t") for line in lines if line.startswith(f"{bank_code}\t")]
    return [(row[2], row[3], row[7], row[8]) for row in rows]


def test_the_list_shows_check_values_and_no_key(run: Run, site: Path) -> None:
    """What both sides compare by telephone, and nothing else."""
    shown = run("keys", "list", "--config", site / "fep.toml")
    assert shown.exit_code == 0
    assert f"0102\t工商银行 (演示)\t1\tactive\t3des\t{KEY_KCV}\t" in shown.out
    assert KEY not in shown.out.upper()


def test_keys_are_imported_from_files_in_components(run: Run, site: Path, tmp_path: Path) -> None:
    """The components are XORed; only check values are printed."""
    first, second = private(tmp_path / "1", FIRST), private(tmp_path / "2", xor(FIRST, AES_KEY))
    kek = private(tmp_path / "kek", KEY)
    words = ("--ak-file", first, "--ak-file", second, "--kek-file", kek, "--config", site / "fep.toml")

    done = run("keys", "import", "0103", *words)

    assert done.exit_code == 0
    assert keys_of(site, "0103") == ("aes", AES_KEY, KEY)
    assert f"AK of bank 0103: KCV {AES_KCV}" in done.err
    assert f"{first}: KCV " in done.err
    for secret in (FIRST, AES_KEY, KEY, xor(FIRST, AES_KEY)):
        assert secret not in (done.out + done.err).upper()
    journal = run("keys", "journal", "--config", site / "fep.toml").out
    assert "AK of 2 components, KEK of 1 component\t" in journal


def test_keys_are_imported_as_typed(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two components of each, one a line, as custodian after custodian types them."""
    typed(monkeypatch, FIRST, FIRST, xor(FIRST, AES_KEY), xor(FIRST, KEY))
    words = ("--suite", "aes", "--components", 2, "--config", site / "fep.toml")
    assert run("keys", "import", "0188", *words).exit_code == 0
    assert keys_of(site, "0188", 1) == ("aes", AES_KEY, KEY)


def test_one_key_can_be_replaced_alone(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new KEK, the AK as it was."""
    typed(monkeypatch, AES_KEY)
    words = ("--only", "kek", "--components", 1, "--config", site / "fep.toml")
    assert run("keys", "import", "0104", *words).exit_code == 0
    assert keys_of(site, "0104") == ("sm4", KEY, AES_KEY)


def test_new_keys_change_nothing_before_they_are_activated(run: Run, site: Path, tmp_path: Path) -> None:
    """They wait beside those in use, and the command says what comes next; the same pair again is a mistake."""
    file, kek = private(tmp_path / "key", AES_KEY), private(tmp_path / "kek", KEY)
    words = ("--ak-file", file, "--kek-file", kek, "--config", site / "fep.toml")
    done = run("keys", "import", "0102", *words)
    assert "fep keys activate 0102 2" in done.err
    assert [row[:2] for row in states_of(run, site, "0102")] == [("1", "active"), ("2", "pending")]
    again = run("keys", "import", "0102", *words)
    assert again.exit_code == 2
    assert "the same as those of a version that is there (2)" in again.err


@pytest.mark.parametrize(
    ("ak", "said"),
    [
        ("0101010101010101FEFEFEFEFEFEFEFE", "weak DES key"),
        ("404142434445464740414243444546 47", "halves equal"),
        ("40414243", "wrong length"),
        ("geheimer Schluessel", "not hexadecimal"),
    ],
)
def test_a_key_that_must_not_be_used_is_refused_and_not_shown(
    run: Run, site: Path, tmp_path: Path, ak: str, said: str
) -> None:
    """The store stays as it was."""
    before = keys_of(site, "0102", 1)
    files = ("--ak-file", private(tmp_path / "ak", ak), "--kek-file", private(tmp_path / "kek", AES_KEY))
    refused = run("keys", "import", "0102", *files, "--config", site / "fep.toml")
    assert refused.exit_code == 2
    assert said in refused.err
    assert ak not in refused.err
    assert before == keys_of(site, "0102", 1)


def test_a_component_file_that_others_may_read_is_refused(run: Run, site: Path, tmp_path: Path) -> None:
    """A component that everybody knows is no component."""
    file = private(tmp_path / "ak", AES_KEY)
    file.chmod(0o644)
    refused = run("keys", "import", "0102", "--ak-file", file, "--config", site / "fep.toml")
    assert refused.exit_code == 2
    assert f"{file}: other users may use it; chmod 600" in refused.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("0177",), "bank 0177 has no file in banks/"),
        (("0102", "--suite", "aes"), "bank 0102 has suite 3des in its file, not aes"),
        (("77", "--suite", "aes"), "a bank code has 4 digits"),
        (("0177", "--suite", "aes", "--only", "ak"), "has no keys yet"),
    ],
)
def test_what_does_not_fit_is_refused_before_a_key_is_asked_for(
    run: Run, site: Path, words: tuple[str, ...], said: str
) -> None:
    """No custodian types a component in vain."""
    refused = run("keys", "import", *words, "--config", site / "fep.toml")
    assert refused.exit_code == 2
    assert said in refused.err


def test_the_check_value_of_a_key_can_be_had_without_storing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A custodian's proof, before the ceremony."""
    typed(monkeypatch, AES_KEY)
    shown = run("keys", "kcv", "--suite", "aes", "--components", 1)
    assert (0, f"{AES_KCV}\n") == (shown.exit_code, shown.out)


def test_nothing_typed_is_a_mistake(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty pipe is no key."""
    typed(monkeypatch)
    assert run("keys", "kcv", "--suite", "aes", "--components", 1).exit_code == 2


def test_a_store_that_others_may_read_is_not_opened(run: Run, site: Path) -> None:
    """Mode 0644 ends every command that needs it, in both languages."""
    (site / "keys.store").chmod(0o644)
    english = run("keys", "list", "--config", site / "fep.toml")
    chinese = run("--lang", "zh", "keys", "list", "--config", site / "fep.toml")
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert "other users may use it (mode 0644); chmod 600" in english.err
    assert "权限过宽" in chinese.err


class Terminal(io.StringIO):
    """A keyboard with somebody before it; what is typed hidden comes from the same lines."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Type these lines at the prompts of a terminal."""

    def type_lines(*lines: str) -> None:
        waiting = iter(lines)
        monkeypatch.setattr("sys.stdin", Terminal())

        def asked(prompt: str) -> str:
            print(prompt, file=sys.stderr)
            return next(waiting)

        monkeypatch.setattr("click.termui.hidden_prompt_func", asked)
        monkeypatch.setattr("click.termui.visible_prompt_func", asked)

    return type_lines


def test_two_equal_components_are_refused_by_name(run: Run, site: Path, tmp_path: Path) -> None:
    """They cancel each other out; of two alone nothing is left but zeros."""
    first, again = private(tmp_path / "1", FIRST), private(tmp_path / "2", FIRST.lower())
    before = keys_of(site, "0103", 1)
    words = ("--ak-file", first, "--ak-file", again, "--only", "ak", "--config", site / "fep.toml")
    english = run("keys", "import", "0103", *words)
    chinese = run("--lang", "zh", "keys", "import", "0103", *words)
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert (
        f"AK of bank 0103 refused: two components are equal and cancel each other out ({first}, {again})" in english.err
    )
    assert f"银行 0103 的 AK 不可用: 两个分量相同, 异或后互相抵消 ({first}, {again})" in chinese.err
    assert before == keys_of(site, "0103", 1)


def test_three_components_that_make_zeros_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No two of them are equal, and yet they make no key."""
    typed(monkeypatch, FIRST, AES_KEY, xor(FIRST, AES_KEY))
    refused = run("keys", "kcv", "--suite", "aes", "--components", 3)
    assert refused.exit_code == 2
    assert "key refused: it is all zeros" in refused.err


def test_a_component_of_wrong_length_is_told_at_once_and_asked_for_again(
    run: Run, keyboard: Callable[..., None]
) -> None:
    """Before the next custodian has typed his."""
    keyboard("", "40414243", "hexen", FIRST, "y", "", "", xor(FIRST, AES_KEY), "y", "")
    shown = run("keys", "kcv", "--suite", "aes", "--components", 2)
    assert (0, f"{AES_KCV}\n") == (shown.exit_code, shown.out)
    first, second, third, fourth = (line for line in shown.err.splitlines() if "(hex)" in line)
    assert first == second == third != fourth
    assert "component 1 of 2 refused: wrong length (4 bytes, 16 wanted); enter it again" in shown.err
    assert "component 1 of 2 refused: not hexadecimal; enter it again" in shown.err


def test_whoever_never_types_a_component_is_not_asked_for_ever(run: Run, keyboard: Callable[..., None]) -> None:
    """Three times, then the command ends."""
    keyboard("1", "2", "3")
    refused = run("--lang", "zh", "keys", "kcv", "--suite", "aes", "--components", 1)
    assert refused.exit_code == 2
    assert refused.err.count("(十六进制)") == 3


def test_the_prompt_is_chinese_for_a_chinese_custodian(run: Run, site: Path, keyboard: Callable[..., None]) -> None:
    """Bank, key and component, and the check value."""
    keyboard("", FIRST, "y", "", "", xor(FIRST, AES_KEY), "是", "")
    words = ("--only", "ak", "--components", 2, "--config", site / "fep.toml")
    done = run("--lang", "zh", "keys", "import", "0103", *words)
    assert done.exit_code == 0
    assert "银行 0103 的 AK 第 1 分量 (共 2 个) (十六进制)" in done.err
    assert f"银行 0103 的 AK: 校验值 (KCV) {AES_KCV}" in done.err
    assert "component" not in done.err


@pytest.mark.parametrize(
    ("words", "option"), [(("import", "0103"), "--ak-file"), (("kcv", "--suite", "aes"), "--key-file")]
)
def test_without_terminal_and_file_the_option_is_named(
    run: Run, site: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], option: str
) -> None:
    """A script that forgot its file learns how to give it."""
    typed(monkeypatch)
    monkeypatch.setenv("FEP_CONFIG", str(site / "fep.toml"))
    refused = run("keys", *words)
    assert refused.exit_code == 2
    assert f"without a terminal give {option} FILE" in refused.err


@pytest.mark.parametrize(("answer", "exit_code"), [("y", 0), ("是", 0), ("", 2), ("n", 2), ("vielleicht", 2)])
def test_keys_are_removed_when_the_question_is_answered_with_yes(
    run: Run, site: Path, keyboard: Callable[..., None], answer: str, exit_code: int
) -> None:
    """Whatever is no yes leaves them, in both languages."""
    keyboard(answer)
    outcome = run("--lang", "zh", "keys", "remove", "0104", "--config", site / "fep.toml")
    assert outcome.exit_code == exit_code
    assert "是否删除银行 0104 的密钥? [y/N]" in outcome.err
    assert "Error" not in outcome.err
    shown = run("keys", "list", "--config", site / "fep.toml").out
    assert ("\n0104\t" in shown) == (exit_code == 2)
    assert "\n0103\t" in shown


def test_keys_are_not_removed_where_nobody_can_be_asked(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script says --yes; keys that are not there are a mistake."""
    typed(monkeypatch)
    refused = run("keys", "remove", "0104", "--config", site / "fep.toml")
    assert refused.exit_code == 2
    assert "--yes removes the keys of bank 0104" in refused.err
    assert run("keys", "remove", "0104", "--yes", "--config", site / "fep.toml").exit_code == 0
    missing = run("keys", "remove", "0104", "--yes", "--config", site / "fep.toml")
    assert missing.exit_code == 2
    assert "no keys of bank 0104 in the key store" in missing.err


# --- from one version to the next


@pytest.fixture
def pending(run: Run, site: Path, tmp_path: Path) -> Path:
    """A site whose bank 0103 has a pending second version."""
    words = ("--ak-file", private(tmp_path / "ak", AES_KEY), "--kek-file", private(tmp_path / "kek", FIRST))
    assert run("keys", "import", "0103", *words, "--config", site / "fep.toml").exit_code == 0
    return site


def test_a_version_is_activated_with_a_window(run: Run, pending: Path) -> None:
    """From one moment both, from another the new one alone; a day without a time is its beginning."""
    words = ("--from", "2099-01-02 03:04", "--until", "2099-01-09", "--config", pending / "fep.toml")
    done = run("keys", "activate", "0103", 2, *words)
    assert done.exit_code == 0
    assert "key version 2 accepted from 2099-01-02 03:04:00, the former one until 2099-01-09 00:00:00" in done.err
    first, second = states_of(run, pending, "0103")
    assert (first[1], first[3]) == ("retiring", "2099-01-09 00:00:00")
    assert second == ("2", "pending", "2099-01-02 03:04:00", "-")


def test_without_a_moment_it_begins_now_and_the_former_one_has_a_week(run: Run, pending: Path) -> None:
    """What an operator most often wants."""
    assert run("keys", "activate", "0103", 2, "--config", pending / "fep.toml").exit_code == 0
    first, second = states_of(run, pending, "0103")
    assert (first[1], second[1]) == ("retiring", "active")
    assert datetime.fromisoformat(first[3]) - datetime.fromisoformat(second[2]) == timedelta(days=7)


def test_after_a_compromise_the_former_one_ends_at_once(run: Run, pending: Path) -> None:
    """And nothing of it is left in the store but its check values."""
    assert run("keys", "activate", "0103", 2, "--at-once", "--config", pending / "fep.toml").exit_code == 0
    assert [row[1] for row in states_of(run, pending, "0103")] == ["retired", "active"]
    settings = load(pending / "fep.toml")
    store = KeyStore.open(settings.keys.store, resolve_master_key(settings.keys.master_key, pending))
    assert [version.keys is None for version in store.versions("0103")] == [True, False]
    shown = run("keys", "list", "--config", pending / "fep.toml").out
    assert shown.count("\n0103\t") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("activate", "0103", 7), "key version 7 of bank 0103: there is none"),
        (("activate", "0103", 1), "it was activated before"),
        (("activate", "0103", 2, "--from", "2099-02-01", "--until", "2099-01-01"), "would end before it begins"),
        (("activate", "0103", 2, "--from", "2099-02-30"), "2099-02-30: not a moment"),
        (("activate", "0103", 2, "--at-once", "--until", "2099-01-01"), "not both"),
        (("activate", "0177", 1), "no keys of bank 0177"),
        (("retire", "0103", 1), "the only one that the bank can sign in with"),
        (("retire", "0103", 7), "there is none"),
    ],
)
def test_what_cannot_be_changed_is_said(run: Run, pending: Path, words: tuple[object, ...], said: str) -> None:
    """Exit code 2, and everything stays."""
    before = states_of(run, pending, "0103")
    refused = run("keys", *words, "--config", pending / "fep.toml")
    assert refused.exit_code == 2
    assert said in refused.err
    assert before == states_of(run, pending, "0103")


def test_a_version_is_retired_at_once(run: Run, pending: Path) -> None:
    """A pending one, or one whose bank has another; the last one with --yes only."""
    assert run("keys", "retire", "0103", 2, "--config", pending / "fep.toml").exit_code == 0
    assert [row[1] for row in states_of(run, pending, "0103")] == ["active", "retired"]
    assert run("keys", "retire", "0103", 1, "--yes", "--config", pending / "fep.toml").exit_code == 0
    assert [row[1] for row in states_of(run, pending, "0103")] == ["retired", "retired"]


def test_every_act_stands_in_the_journal(run: Run, pending: Path) -> None:
    """Who, what, which bank and version; one that was changed afterwards is found, exit code 1, in both languages."""
    run("keys", "activate", "0103", 2, "--at-once", "--config", pending / "fep.toml")
    run("keys", "remove", "0104", "--yes", "--config", pending / "fep.toml")
    shown = run("keys", "journal", "--config", pending / "fep.toml")
    rows = [line.split("\t") for line in shown.out.splitlines()[1:]]
    assert [(row[2], row[3], row[4]) for row in rows] == [
        ("import", "0103", "2"),
        ("activate", "0103", "2"),
        ("remove", "0104", "-"),
    ]
    assert {row[1] for row in rows} == {present_operator()}
    assert AES_KEY not in shown.out.upper()

    journal = pending / "keys.store.journal"
    journal.write_text(journal.read_text().replace("activate", "activatf"))
    english = run("keys", "journal", "--config", pending / "fep.toml")
    chinese = run("--lang", "zh", "keys", "journal", "--config", pending / "fep.toml")
    assert (english.exit_code, chinese.exit_code) == (1, 1)
    assert "line 2: it was changed" in english.err
    assert "第 2 行" in chinese.err


# --- key blocks


@pytest.fixture
def kbpk(tmp_path: Path) -> list[object]:
    """A protection key in two components, as options."""
    first, second = private(tmp_path / "kbpk1", FIRST), private(tmp_path / "kbpk2", xor(FIRST, AES_KEY))
    return ["--kbpk-file", first, "--kbpk-file", second]


@pytest.mark.parametrize(("bank_code", "version"), [("0102", "B"), ("0103", "D"), ("0105", "B"), ("0403", "B")])
def test_keys_go_from_one_site_to_another_in_key_blocks(
    run: Run, site: Path, tmp_path: Path, kbpk: list[object], bank_code: str, version: str
) -> None:
    """What export prints, import takes; the other side has the same keys, and the journals say so."""
    exported = run("keys", "export", bank_code, 1, *kbpk, "--config", site / "fep.toml")
    assert exported.exit_code == 0
    assert [line[0] for line in exported.out.splitlines()] == [version] * 2
    assert KEY not in exported.out

    other = tmp_path / "other"
    assert run("init", other).exit_code == 0
    set_key(other / "fep.toml", "keys", "four_eyes", "false")
    blocks = tmp_path / "blocks"
    blocks.write_text(f"# from the bank\n{exported.out}")
    suite = keys_of(site, bank_code, 1)[0]
    words = ("--suite", suite, "--blocks", blocks, *kbpk, "--config", other / "fep.toml")
    taken = run("keys", "import", bank_code, *words)
    assert taken.exit_code == 0
    assert keys_of(other, bank_code, 1) == keys_of(site, bank_code, 1)
    assert f"key blocks of version {version}" in run("keys", "journal", "--config", other / "fep.toml").out
    assert "\texport\t" in run("keys", "journal", "--config", site / "fep.toml").out


def test_new_keys_for_a_bank_in_key_blocks(run: Run, site: Path, tmp_path: Path, kbpk: list[object]) -> None:
    """They wait in the store, and whoever opens the blocks has the same; odd parity, as other modules want it."""
    made = run("keys", "generate", "0102", "--wrapped", *kbpk, "--config", site / "fep.toml")
    assert made.exit_code == 0
    assert [row[1] for row in states_of(run, site, "0102")] == ["active", "pending"]
    _, ak, kek = keys_of(site, "0102")
    assert all(octet.bit_count() % 2 for octet in bytes.fromhex(ak + kek))
    for secret in (ak, kek):
        assert secret not in (made.out + made.err).upper()
    ak_block, kek_block = made.out.splitlines()
    protection = Key.from_hex("KBPK", AES_KEY)
    assert unwrap_block(protection, ak_block, "AK")[1].secret.hex().upper() == ak
    assert unwrap_block(protection, kek_block, "KEK")[1].secret.hex().upper() == kek


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "0102", "--blocks", "BLOCKS", "--ak-file", "x"), "do not go with it"),
        (("import", "0102", "--kbpk-file", "x"), "--kbpk-file is for --blocks"),
        (("import", "0102", "--blocks", "/nowhere/blocks"), "/nowhere/blocks: No such file"),
        (("import", "0102", "--blocks", "BLOCKS"), "one AK and one KEK are wanted"),
        (("export", "0102", "9"), "there is none"),
        (("export", "0104", "1", "KBPK"), "exchange the keys of this suite in components"),
        (("export", "0103", "1", "--block-version", "B", "KBPK"), "for another algorithm"),
        (("generate", "0102", "--components", "1"), "in two components or more"),
        (("generate", "0102"), "shown to its custodians at a terminal"),
    ],
)
def test_what_cannot_be_exchanged_is_said(
    run: Run, site: Path, tmp_path: Path, kbpk: list[object], words: tuple[str, ...], said: str
) -> None:
    """Nothing is stored, and nobody is asked in vain."""
    one = tmp_path / "blocks"
    one.write_text("B0016P0TE00E0000\n")
    spelled = [word for each in words for word in (kbpk if each == "KBPK" else [one if each == "BLOCKS" else each])]
    refused = run("keys", *spelled, "--config", site / "fep.toml")
    assert refused.exit_code in {2, 3}
    assert said in refused.err
    assert refused.out == ""


def test_retired_keys_are_not_exported(run: Run, pending: Path, kbpk: list[object]) -> None:
    """They are destroyed."""
    run("keys", "activate", "0103", 2, "--at-once", "--config", pending / "fep.toml")
    refused = run("keys", "export", "0103", 1, *kbpk, "--config", pending / "fep.toml")
    assert refused.exit_code == 2
    assert "retired already" in refused.err


def test_a_journal_that_is_lost_for_good_is_begun_anew(run: Run, pending: Path) -> None:
    """Keys must be changed after a compromise, whatever became of the journal; what is left of it stays."""
    config = ("--config", pending / "fep.toml")
    assert run("keys", "journal", "--begin-anew", "for nothing", *config).exit_code == 2
    journal = pending / "keys.store.journal"
    journal.write_text("spoilt\n")
    refused = run("keys", "activate", "0103", 2, *config)
    assert refused.exit_code == 2
    assert "line 1: it was changed; restore it from a backup" in refused.err

    assert run("keys", "journal", "--begin-anew", "disk of 21 November", *config).exit_code == 0
    assert run("keys", "activate", "0103", 2, *config).exit_code == 0
    rows = [line.split("\t") for line in run("keys", "journal", *config).out.splitlines()[1:]]
    assert [row[2] for row in rows] == ["begin journal", "activate"]
    assert rows[0][7] == "disk of 21 November"
    (aside,) = pending.glob("keys.store.journal.broken-*")
    assert aside.read_text() == "spoilt\n"
