"""The key ceremony at a real terminal: what each custodian sees, and what nobody else does."""

from pathlib import Path

import pytest

from crypto.key_store import KeyStore
from crypto.master_key import resolve_master_key
from fep.config.configuration import load
from tests.support import raw_bank
from tests.support.terminal import CLEARED, Terminal

AK = "606162636465666768696A6B6C6D6E6F"
KEK = "707172737475767778797A7B7C7D7E7F"
FIRST_AK = "0F1E2D3C4B5A69788796A5B4C3D2E1F0"
FIRST_KEK = "F0E1D2C3B4A5968778695A4B3C2D1E0F"
ALONE, HEX = r"Custodian {} of {}: press Enter when you are alone", r"component {} of {} \(hex\): "


def xor(left: str, right: str) -> str:
    return f"{int(left, 16) ^ int(right, 16):032X}"


def kcv(key: str, suite: str = "3des") -> str:
    return raw_bank.kcv(suite, bytes.fromhex(key)).hex().upper()


def keys_of(site: Path, bank_code: str) -> list[tuple[str, str]]:
    """Return AK and KEK of all versions of a bank."""
    settings = load(site / "fep.toml")
    store = KeyStore.open(settings.keys.store, resolve_master_key(settings.keys.master_key, site))
    pairs = [version.keys for version in store.versions(bank_code)]
    return [(pair.ak.secret.hex().upper(), pair.kek.secret.hex().upper()) for pair in pairs if pair is not None]


@pytest.mark.parametrize("custodians", [2, 3])
def test_a_new_key_is_shown_once_and_typed_back(site: Path, custodians: int) -> None:
    """Each custodian sees his components alone; together they make the keys that are stored."""
    config = site / "fep.toml"
    shown: list[list[str]] = [[], []]
    with Terminal("keys", "generate", "0102", "--components", str(custodians), "--config", config) as terminal:
        for number in range(1, custodians + 1):
            terminal.wait_for(ALONE.format(number, custodians))
            terminal.type("")
            for kind, components in zip(("AK", "KEK"), shown, strict=True):
                name = f"{kind} of bank 0102, component {number} of {custodians}"
                seen = terminal.wait_for(rf"{name}:\s+([0-9A-F ]{{39}})\s+KCV ([0-9A-F]{{8}})")
                components.append(seen[1].replace(" ", ""))
                assert seen[2] == kcv(components[-1])
                terminal.wait_for("press Enter to empty the screen")
                terminal.type("")
                terminal.wait_for(HEX.format(number, custodians))
                terminal.type(seen[1].lower())  # blanks and small letters are as good
        assert terminal.exit_code() == 0

    made = [components[0] for components in shown]
    for at in (0, 1):
        for component in shown[at][1:]:
            made[at] = xor(made[at], component)
    assert keys_of(site, "0102")[1] == (made[0], made[1])
    assert f"AK of bank 0102: KCV {kcv(made[0])}" in terminal.screen
    assert f"KEK of bank 0102: KCV {kcv(made[1])}" in terminal.screen
    for component in shown[0] + shown[1]:  # shown once, in groups, and not echoed when typed
        grouped = " ".join(component[at : at + 4] for at in range(0, 32, 4))
        assert terminal.screen.upper().count(grouped) == 1
        assert CLEARED in terminal.screen[terminal.screen.index(grouped) :]
    for key in made:
        assert key not in terminal.screen.upper().replace(" ", "")
    for file in site.iterdir():
        if file.is_file():
            content = file.read_bytes().upper()
            assert not [secret for secret in (*made, *shown[0], *shown[1]) if secret.encode() in content]


def test_a_slip_of_the_pen_is_found_while_the_key_can_be_shown(site: Path) -> None:
    """What was written wrongly is shown again, three times at most; then nothing is stored, and the sheets are void."""
    before = keys_of(site, "0102")
    with Terminal("keys", "generate", "0102", "--config", site / "fep.toml") as terminal:
        terminal.wait_for(ALONE.format(1, 2))
        terminal.type("")
        seen = set()
        for _ in range(3):
            seen.add(terminal.wait_for(r"component 1 of 2:\s+([0-9A-F ]{39})")[1])
            terminal.wait_for("empty the screen")
            terminal.type("")
            terminal.wait_for(HEX.format(1, 2))
            terminal.type(FIRST_AK)
            terminal.wait_for("not what was shown")
            terminal.wait_for("Press Enter")
            terminal.type("")
        assert len(seen) == 1
        terminal.wait_for("destroy all sheets")
        assert terminal.exit_code() == 3
    assert keys_of(site, "0102") == before


def test_two_custodians_enter_the_bank_s_keys(site: Path) -> None:
    """Without echo, alone, with the check value of each component; a wrong sheet is entered again."""
    with Terminal("keys", "import", "0102", "--config", site / "fep.toml") as terminal:
        parts = {1: (FIRST_AK, FIRST_KEK), 2: (xor(FIRST_AK, AK), xor(FIRST_KEK, KEK))}
        for number, components in parts.items():
            terminal.wait_for(ALONE.format(number, 2))
            terminal.type("")
            for component in components:
                terminal.wait_for(HEX.format(number, 2))
                if component == FIRST_AK:
                    terminal.type(FIRST_KEK)  # the wrong line of the sheet
                    terminal.wait_for(f"KCV {kcv(FIRST_KEK)}")
                    terminal.wait_for(r"The same as on your sheet\? \[y/N\]: ")
                    terminal.type("n")
                    terminal.wait_for(HEX.format(number, 2))
                terminal.type(component)
                terminal.wait_for(f"KCV {kcv(component)}")
                terminal.wait_for(r"The same as on your sheet\? \[y/N\]: ")
                terminal.type("y")
            terminal.wait_for("press Enter to empty the screen")
            terminal.type("")
        terminal.wait_for(f"AK of bank 0102: KCV {kcv(AK)}")
        terminal.wait_for(f"KEK of bank 0102: KCV {kcv(KEK)}")
        assert terminal.exit_code() == 0
    assert keys_of(site, "0102")[1] == (AK, KEK)
    for secret in (AK, KEK, *parts[1], *parts[2]):
        assert secret not in terminal.screen.upper()
    assert terminal.screen.count(CLEARED) >= 4


def test_a_custodian_who_leaves_leaves_nothing(site: Path) -> None:
    """A terminal that is cut off in the middle ends the command, without a core dump; the store is as it was."""
    before = keys_of(site, "0102")
    with Terminal("keys", "import", "0102", "--config", site / "fep.toml") as terminal:
        terminal.wait_for(ALONE.format(1, 2))
        terminal.type("")
        terminal.wait_for(HEX.format(1, 2))
        terminal.type(FIRST_AK)
        terminal.wait_for("your sheet")
        limits = Path(f"/proc/{terminal.process_id}/limits").read_text().splitlines()
        assert [line.split()[4:6] for line in limits if line.startswith("Max core file size")] == [["0", "0"]]
        assert terminal.hang_up() != 0
    assert keys_of(site, "0102") == before


def test_a_component_of_zeros_is_told_at_once() -> None:
    """Before the second custodian is called."""
    with Terminal("keys", "kcv", "--suite", "aes") as terminal:
        terminal.wait_for(ALONE.format(1, 2))
        terminal.type("")
        terminal.wait_for(HEX.format(1, 2))
        terminal.type("00" * 16)
        terminal.wait_for("component 1 of 2 refused: it is all zeros; enter it again")
