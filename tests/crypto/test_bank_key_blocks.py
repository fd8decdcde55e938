"""AK and KEK in key blocks: what a bank must send, and what is refused."""

import pytest

from crypto.bank_key_blocks import block_version, unwrap_bank_keys, wrap_bank_keys
from crypto.errors import BlockFault, KeyBlockInvalid, KeyRefused
from crypto.key_blocks import BlockHeader, wrap_block
from crypto.key_versions import BankKeys
from crypto.keys import Key
from crypto.suites import SUITES

AK = Key.from_hex("AK of bank 0102", "404142434445464748494A4B4C4D4E4F")
KEK = Key.from_hex("KEK of bank 0102", "505152535455565758595A5B5C5D5E5F")
KBPK = Key("KBPK", bytes(range(0x11, 0x21)))


def blocks(suite: str = "3des", **changes: dict[str, str]) -> list[str]:
    """Return both blocks of a suite with other fields in their headers."""
    algorithm, usage = ("A", "M6") if suite == "aes" else ("T", "M3")
    ak = {"usage": usage, "algorithm": algorithm, "mode": "C"} | changes.get("ak", {})
    kek = {"usage": "K0", "algorithm": algorithm, "mode": "B"} | changes.get("kek", {})
    return [
        wrap_block(KBPK, BlockHeader("D", **fields), key)  # type: ignore[arg-type]
        for fields, key in ((ak, AK), (kek, KEK))
    ]


@pytest.mark.parametrize(
    ("suite", "version", "ak_says", "kek_says"),
    [
        ("des", "B", "M3TC00N", "K0TB00N"),
        ("3des", "B", "M3TC00N", "K0TB00N"),
        ("cups", "B", "M0TC00N", "K0TB00N"),
        ("aes", "D", "M6AC00N", "K0AB00N"),
    ],
)
def test_keys_go_out_and_come_back(suite: str, version: str, ak_says: str, kek_says: str) -> None:
    """With what they are for, not exportable; in whichever order the two lines stand."""
    keys = BankKeys(SUITES[suite], AK, KEK)
    assert block_version(SUITES[suite]) == version
    ak, kek = wrap_bank_keys(KBPK, keys, version)
    assert (ak[5:12], kek[5:12]) == (ak_says, kek_says)
    for order in ([ak, kek], [kek, ak]):
        assert unwrap_bank_keys(KBPK, order, "0102", SUITES[suite]) == keys


def test_a_kek_that_wraps_only_is_taken() -> None:
    """Here it does nothing else."""
    assert unwrap_bank_keys(KBPK, blocks(kek={"mode": "E"}), "0102", SUITES["3des"]).kek == KEK


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"ak": {"usage": "P0"}}, BlockFault.USAGE),
        ({"ak": {"mode": "V"}}, BlockFault.USAGE),
        ({"kek": {"mode": "D"}}, BlockFault.USAGE),
        ({"ak": {"algorithm": "A"}}, BlockFault.ALGORITHM),
        ({"kek": {"usage": "K1"}}, BlockFault.TWO),
        ({"ak": {"usage": "K0"}}, BlockFault.TWO),
    ],
)
def test_keys_for_something_else_are_refused(changes: dict[str, dict[str, str]], fault: BlockFault) -> None:
    """A PIN key is no AK, a key that only verifies makes no MAC, two KEKs are no pair."""
    with pytest.raises(KeyBlockInvalid) as caught:
        unwrap_bank_keys(KBPK, blocks(**changes), "0102", SUITES["3des"])
    assert caught.value.fault is fault
    assert "0102" in str(caught.value)


def test_sm4_has_no_code() -> None:
    """Such a bank's keys go in components, and the operator is told so both ways."""
    for attempt in (
        lambda: wrap_bank_keys(KBPK, BankKeys(SUITES["sm4"], AK, KEK), "D"),
        lambda: unwrap_bank_keys(KBPK, blocks("aes"), "0104", SUITES["sm4"]),
    ):
        with pytest.raises(KeyBlockInvalid, match="components") as caught:
            attempt()
        assert caught.value.fault is BlockFault.SUITE


def test_a_weak_key_in_a_sound_block_is_refused() -> None:
    """The block says that nobody has changed it, not that it is any good."""
    weak = wrap_block(KBPK, BlockHeader("D", "M3", "T", "C"), Key("AK", b"\1" * 16))
    with pytest.raises(KeyRefused, match="weak DES key"):
        unwrap_bank_keys(KBPK, [weak, blocks()[1]], "0102", SUITES["3des"])
