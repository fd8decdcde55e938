"""Key blocks against the published examples, against another implementation, and against whoever changes them."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import BlockFault, KeyBlockInvalid, KeyRefused
from crypto.key_blocks import BlockHeader, read_header, unwrap_block, wrap_block
from crypto.keys import Key

# ASC X9 TR-31:2018, annex A.7: protection key, block, key.
A722 = (
    "DD7515F2BFC17F85CE48F3CA25CB21F6",
    "B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E",
    "3F419E1CB7079442AA37474C2EFBF8B8",
)
A732 = (
    "1D22BF32387C600AD97F9B97A51311AC",
    "B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627",
    "E8BC63E5479455E26577F715D587FE68",
)
A74 = (
    "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
    "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
    "3F419E1CB7079442AA37474C2EFBF8B8",
)
EXAMPLES = [A722, A732, A74]
KEY = Key("AK", bytes.fromhex("404142434445464748494A4B4C4D4E4F"))
KBPKS = [("B", 16), ("B", 24), ("D", 16), ("D", 24), ("D", 32)]


def kbpk_of(kbpk_bytes: int) -> Key:
    return Key("KBPK", bytes(range(0x11, 0x11 + kbpk_bytes)))


def header_of(version: str) -> BlockHeader:
    return BlockHeader(version, "M3" if version == "B" else "M6", "T" if version == "B" else "A", "C")


@pytest.mark.parametrize(("kbpk", "block", "key"), EXAMPLES)
def test_the_published_examples_open(kbpk: str, block: str, key: str) -> None:
    """Versions B and D, without and with an optional block."""
    header, found = unwrap_block(Key.from_hex("KBPK", kbpk), block, "key")
    assert found.secret.hex().upper() == key
    assert f"{header.usage}{header.algorithm}{header.mode}{header.key_version}{header.exportability}" == block[5:12]


@pytest.mark.parametrize(("version", "kbpk_bytes"), KBPKS)
def test_what_is_wrapped_comes_back(version: str, kbpk_bytes: int) -> None:
    """Under every length of protection key; two blocks of one key are never equal, and hide how long it is."""
    kbpk, header = kbpk_of(kbpk_bytes), header_of(version)
    first, second = wrap_block(kbpk, header, KEY), wrap_block(kbpk, header, KEY)
    assert first != second
    assert int(first[1:5]) == len(first) == {"B": 96, "D": 144}[version]
    assert unwrap_block(kbpk, first, "AK") == unwrap_block(kbpk, second, "AK") == (header, KEY)
    long_key = Key("AK", bytes(range(24)))
    assert len(wrap_block(kbpk, header, long_key)) == len(first)


@pytest.mark.filterwarnings("ignore:.*TripleDES")
@pytest.mark.parametrize(("version", "kbpk_bytes"), KBPKS)
def test_another_implementation_reads_and_writes_the_same(version: str, kbpk_bytes: int) -> None:
    """Blocks go both ways between psec and this one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tr31 = pytest.importorskip("psec.tr31", reason="psec, of the test extra, is not installed")
    kbpk, header = kbpk_of(kbpk_bytes), header_of(version)
    theirs_header, theirs = tr31.unwrap(kbpk.secret, wrap_block(kbpk, header, KEY))
    assert (theirs, theirs_header.key_usage, theirs_header.mode_of_use) == (KEY.secret, header.usage, "C")
    assert theirs_header.exportability == "N"

    written = tr31.Header(version, header.usage, header.algorithm, "C", "07", "E")
    written.blocks["KS"] = "00604B120F9292800000"
    written.blocks["LG"] = "P" * 300
    found, key = unwrap_block(kbpk, tr31.wrap(kbpk.secret, written, KEY.secret), "AK")
    assert (key, found.key_version, found.exportability) == (KEY, "07", "E")


@pytest.mark.parametrize("example", [A732, A74])
def test_every_changed_character_is_noticed(example: tuple[str, str, str]) -> None:
    """Header, optional block, key and MAC alike; what still looks like a block is told as changed."""
    kbpk, block = Key.from_hex("KBPK", example[0]), example[1]
    faults = set()
    for at, character in enumerate(block):
        changed = block[:at] + ("1" if character != "1" else "2") + block[at + 1 :]
        with pytest.raises(KeyBlockInvalid) as caught:
            unwrap_block(kbpk, changed, "AK")
        faults.add(caught.value.fault)
    assert BlockFault.FORGED in faults
    assert faults <= {BlockFault.FORGED, BlockFault.FORM, BlockFault.VERSION}


@pytest.mark.parametrize("example", EXAMPLES)
def test_another_protection_key_is_noticed(example: tuple[str, str, str]) -> None:
    """The operator is told to compare check values."""
    other = bytes(octet ^ 2 for octet in bytes.fromhex(example[0]))
    with pytest.raises(KeyBlockInvalid, match="another protection key") as caught:
        unwrap_block(Key("KBPK", other), example[1], "AK")
    assert caught.value.fault is BlockFault.FORGED


@pytest.mark.parametrize(
    "block", ["", "B", "B0016P0TE00E0000", A722[1][:-2], A722[1] + "00", "b" + A722[1][1:], "Ü" * 80]
)
def test_what_is_no_key_block(block: str) -> None:
    """Cut, too long, of small letters, of nothing: refused, and never shown."""
    with pytest.raises(KeyBlockInvalid) as caught:
        unwrap_block(Key.from_hex("KBPK", A722[0]), block, "AK of bank 0102")
    assert caught.value.fault is BlockFault.FORM
    assert "AK of bank 0102" in str(caught.value)


@pytest.mark.parametrize(
    "optional", ["KS", "KSZZ", "KS03", "KS00ZZ", "KS0001ZZ", "KSFF00", "KS000103", "KS+4", "KS 4", "KS00 4"]
)
def test_optional_blocks_that_are_none(optional: str) -> None:
    """A length that cannot be, or goes beyond the end, is no reason to read on."""
    block = f"B{16 + len(optional):04}P0TE00E0100{optional}"
    with pytest.raises(KeyBlockInvalid) as caught:
        read_header(block, "AK")
    assert caught.value.fault is BlockFault.FORM


@pytest.mark.parametrize(
    ("count", "optional"),
    [(2, "KS0002010A" + "P" * 256 + "PB0600"), (2, "KS00011600604B120F9292PB0A000000"), (3, "KS04T104PB0800ZZ")],
)
def test_optional_blocks_of_every_length_are_passed_over(count: int, optional: str) -> None:
    """Long ones have the length of their length before it, in bytes of two digits each."""
    block = f"B{16 + len(optional):04}P0TE00N{count:02}00{optional}"
    assert read_header(block, "AK")[1] == len(block)


@given(st.text(alphabet="0123456789ABCDEFKPST+- _", max_size=80), st.integers(0, 4))
def test_whatever_is_read_ends_in_an_answer_or_a_refusal(rest: str, count: int) -> None:
    """No text makes the reader fail in another way, or pass."""
    block = f"B{16 + len(rest):04}P0TE00E{count:02}00{rest}"
    with pytest.raises(KeyBlockInvalid):
        unwrap_block(Key.from_hex("KBPK", A722[0]), block, "AK")


@pytest.mark.parametrize("version", ["A", "C", "E"])
def test_other_versions_are_told(version: str) -> None:
    """A and C are deprecated, E is not written by anybody whom we know."""
    with pytest.raises(KeyBlockInvalid) as caught:
        unwrap_block(Key.from_hex("KBPK", A722[0]), version + A722[1][1:], "AK")
    assert caught.value.fault is BlockFault.VERSION


def test_protection_keys_that_must_not_be_used() -> None:
    """Of another length, weak, or weaker than what they protect."""
    with pytest.raises(KeyBlockInvalid) as caught:
        wrap_block(kbpk_of(32), header_of("B"), KEY)
    assert caught.value.fault is BlockFault.PROTECTION_KEY
    with pytest.raises(KeyRefused, match="halves equal"):
        wrap_block(Key("KBPK", bytes(range(8)) * 2), header_of("B"), KEY)
    with pytest.raises(KeyBlockInvalid) as caught:
        wrap_block(kbpk_of(16), BlockHeader("B", "M6", "A", "C"), KEY)
    assert caught.value.fault is BlockFault.ALGORITHM
