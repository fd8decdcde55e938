"""Keys: checked, wrapped, never shown 密钥."""

import copy
import pickle
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import keys
from crypto.ciphers import CIPHERS
from crypto.errors import KeyCheckFailed, KeyFault, KeyRefused
from crypto.keys import Key, check_kcv, check_key, generate_key, same_key, unwrap, with_odd_parity, wrap
from tests.crypto.vectors import VECTORS

DES, TRIPLE_DES, AES = CIPHERS["des"], CIPHERS["3des"], CIPHERS["aes"]
GOOD = bytes.fromhex("0123456789abcdef")
KEK = Key("KEK", bytes.fromhex("505152535455565758595a5b5c5d5e5f"))

# SP 800-67, section 3.3.2, odd parity.
WEAK = ["0101010101010101", "fefefefefefefefe", "e0e0e0e0f1f1f1f1", "1f1f1f1f0e0e0e0e"]
SEMI_WEAK = [
    *("011f011f010e010e", "1f011f010e010e01", "01e001e001f101f1", "e001e001f101f101"),
    *("01fe01fe01fe01fe", "fe01fe01fe01fe01", "1fe01fe00ef10ef1", "e01fe01ff10ef10e"),
    *("1ffe1ffe0efe0efe", "fe1ffe1ffe0efe0e", "e0fee0fef1fef1fe", "fee0fee0fef1fef1"),
]


def fault_of(secret: bytes, key_bytes: int | None = None) -> KeyFault | None:
    cipher = DES if len(secret) == 8 else TRIPLE_DES
    try:
        check_key(Key("AK of bank 0102", secret), cipher, key_bytes or len(secret))
    except KeyRefused as refused:
        return refused.fault
    return None


def with_parity_flipped(secret: bytes) -> bytes:
    return bytes(octet ^ 1 for octet in secret)


@pytest.mark.parametrize("vector", VECTORS["kcv"], ids=lambda vector: vector["cipher"])
def test_golden_check_values(vector: dict[str, Any]) -> None:
    """A key's check value is the one its vector prints."""
    key = Key.from_hex("K", vector["key"])

    assert bytes.fromhex(vector["kcv"]) == key.kcv(CIPHERS[vector["cipher"]])


@pytest.mark.parametrize("vector", VECTORS["unwrap"], ids=lambda vector: vector["kcv"])
def test_golden_unwrap(vector: dict[str, Any]) -> None:
    """A wrapped key of a real sign-in unwraps to the key, with the check value, that its vector prints."""
    kek, wrapped = Key.from_hex("KEK", vector["kek"]), bytes.fromhex(vector["wrapped"])
    key_bytes = len(wrapped)

    key = unwrap(kek, wrapped, "MAK", TRIPLE_DES, key_bytes)

    assert bytes.fromhex(vector["key"]) == key.secret
    assert key is check_kcv(key, DES if key_bytes == 8 else TRIPLE_DES, bytes.fromhex(vector["kcv"]))
    assert wrapped.ljust(16, b"\0") == wrap(kek, key, TRIPLE_DES)


@pytest.mark.parametrize("text", WEAK)
def test_weak_keys_are_refused(text: str) -> None:
    """A weak DES key is refused alone and as either half, whatever its parity bits."""
    weak = bytes.fromhex(text)

    for secret in (weak, with_parity_flipped(weak), weak + GOOD, GOOD + weak):
        assert fault_of(secret) is KeyFault.WEAK


@pytest.mark.parametrize("text", SEMI_WEAK)
def test_semi_weak_keys_are_refused(text: str) -> None:
    """A semi-weak DES key is refused alone and as either half, whatever its parity bits."""
    semi_weak = bytes.fromhex(text)

    for secret in (semi_weak, with_parity_flipped(semi_weak), semi_weak + GOOD, GOOD + semi_weak):
        assert fault_of(secret) is KeyFault.SEMI_WEAK


@pytest.mark.parametrize("text", WEAK)
def test_weak_keys_are_what_encrypts_back(text: str) -> None:
    """The list is the cipher's own: encrypting twice under a weak key gives the text back."""
    weak = bytes.fromhex(text)

    assert DES.encrypt_ecb(weak, DES.encrypt_ecb(weak, b"any text")) == b"any text"


def test_semi_weak_keys_are_pairs() -> None:
    """The list is the cipher's own: each semi-weak key's encryption is undone by encrypting under its partner."""
    for one, other in zip(SEMI_WEAK[::2], SEMI_WEAK[1::2], strict=True):
        once = DES.encrypt_ecb(bytes.fromhex(one), b"any text")
        assert DES.encrypt_ecb(bytes.fromhex(other), once) == b"any text"


def test_equal_halves_are_refused() -> None:
    """A double-length key with equal halves, parity aside, is single DES and refused."""
    assert fault_of(GOOD + GOOD) is KeyFault.HALVES_EQUAL
    assert fault_of(GOOD + with_parity_flipped(GOOD)) is KeyFault.HALVES_EQUAL


def test_good_keys_pass() -> None:
    """An ordinary key is accepted, and AES takes what only DES calls weak."""
    assert fault_of(GOOD) is None
    assert fault_of(GOOD + GOOD[::-1]) is None
    check_key(Key("AK", bytes.fromhex("0101010101010101") + GOOD), AES, 16)


def test_components_entered_twice_are_refused_by_every_suite() -> None:
    """Two equal components XOR to zeros: a key with equal halves, which no suite takes."""
    with pytest.raises(KeyRefused, match="halves equal"):
        check_key(Key("AK", bytes(16)), AES, 16)


@pytest.mark.parametrize("length", [0, 7, 15, 17, 24])
def test_wrong_lengths_are_refused(length: int) -> None:
    """A key of a wrong length is refused, and the message names key and lengths."""
    with pytest.raises(KeyRefused, match=rf"AK of bank 0102 refused: wrong length \({length} bytes, 16 wanted\)"):
        check_key(Key("AK of bank 0102", bytes(length)), TRIPLE_DES, 16)


def test_refusals_speak_both_languages() -> None:
    """An operator reads the reason in English or in Chinese."""
    with pytest.raises(KeyRefused) as caught:
        check_key(Key("AK of bank 0102", GOOD + GOOD), TRIPLE_DES, 16)

    assert str(caught.value) == (
        "AK of bank 0102 refused: halves equal, as they are in no random key (3DES would be single DES)"
    )
    assert caught.value.chinese == ("AK of bank 0102 不可用: 左右两半相同, 随机密钥不会如此 (3DES 等同单DES)")
    assert caught.value.label == "AK of bank 0102"


@given(secret=st.binary(min_size=16, max_size=16))
def test_wrapping_is_undone_by_unwrapping(secret: bytes) -> None:
    """Whatever is wrapped comes out again, and the check value passes."""
    for cipher in (TRIPLE_DES, AES, CIPHERS["sm4"]):
        key = Key("TEK", secret)
        assert key == unwrap(KEK, wrap(KEK, key, cipher), "TEK", cipher, 16)


def test_short_keys_are_wrapped_left() -> None:
    """An 8-byte key stands wrapped in the left 8 bytes, the right 8 are zeros, and anything else is refused."""
    wrapped = wrap(KEK, Key("MAK", GOOD), TRIPLE_DES)

    assert wrapped == TRIPLE_DES.encrypt_ecb(KEK.secret, GOOD) + bytes(8)
    with pytest.raises(KeyRefused) as caught:
        unwrap(KEK, wrapped[:-1] + b"\1", "MAK", TRIPLE_DES, 8)
    assert caught.value.fault is KeyFault.PADDING
    for cut in (wrapped[:7], wrapped + b"\0"):
        with pytest.raises(KeyRefused, match="wrong length"):
            unwrap(KEK, cut, "MAK", TRIPLE_DES, 8)
    with pytest.raises(KeyRefused, match="wrong length"):
        unwrap(KEK, wrapped[:8], "MAK", TRIPLE_DES, 16)


def test_another_check_value_is_an_error() -> None:
    """A key that is not the one its sender meant is refused by its check value."""
    with pytest.raises(KeyCheckFailed, match="MAK: key check value differs"):
        check_kcv(Key("MAK", GOOD), DES, bytes(4))


def test_generated_keys_are_random_and_fit() -> None:
    """Generated keys have the length asked for, pass the check, and differ."""
    made = [generate_key("MAK", cipher, size) for cipher, size in ((DES, 8), (TRIPLE_DES, 16), (AES, 16))]

    assert [len(key) for key in made] == [8, 16, 16]
    assert len({generate_key("TEK", TRIPLE_DES, 16).secret for _ in range(20)}) == 20


def test_generation_passes_weak_keys_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the random source happens on a weak key, the next one is taken."""
    drawn = iter([bytes.fromhex(WEAK[0]), bytes.fromhex(SEMI_WEAK[0]), GOOD])
    monkeypatch.setattr(keys, "token_bytes", lambda _: next(drawn))

    assert generate_key("MAK", DES, 8).secret == GOOD


def test_a_broken_random_source_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random source that gives nothing but weak keys is reported, not asked for ever."""
    monkeypatch.setattr(keys, "token_bytes", bytes)

    with pytest.raises(RuntimeError, match="8 weak DES keys in a row"):
        generate_key("MAK", DES, 8)


def test_a_key_does_not_show_itself() -> None:
    """No way of printing a key prints its bytes, and pickling it is an error."""
    secret = b"SECRETKEYSECRET!"
    key = Key("AK of bank 0102", secret)

    for shown in (repr(key), str(key), f"{key}", f"{key!r:>40}", "%s" % key, repr([key]), repr({"k": key})):  # noqa: UP031
        assert secret.hex() not in shown
        assert "SECRET" not in shown
        assert "AK of bank 0102" in shown
    with pytest.raises(TypeError, match="never pickled") as caught:
        pickle.dumps(key)
    assert "SECRET" not in str(caught.value)
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key


def test_a_key_does_not_change() -> None:
    """A key that has been checked stays what it was."""
    key = Key("AK", GOOD)

    with pytest.raises(AttributeError):
        key.secret = bytes(8)
    with pytest.raises(AttributeError):
        del key.secret
    with pytest.raises(TypeError, match="unhashable"):
        hash(key)


def test_keys_compare_by_value() -> None:
    """Two keys are equal when their bytes are; a key equals nothing else."""
    assert Key("AK", GOOD) == Key("KEK", GOOD)
    assert Key("AK", GOOD) != Key("AK", GOOD[::-1])
    assert Key("AK", GOOD) != GOOD


def test_keys_are_read_from_hex() -> None:
    """A key ceremony's hex text gives the key in either case; other text is refused without being repeated."""
    assert Key.from_hex("AK", "0123456789ABCDEF") == Key.from_hex("AK", "0123456789abcdef")
    with pytest.raises(KeyRefused) as caught:
        Key.from_hex("AK", "SECRETTEXT")
    shown = "".join(traceback.format_exception(caught.value))
    assert "AK refused: not hexadecimal" in shown
    assert "SECRETTEXT" not in shown.replace('Key.from_hex("AK", "SECRETTEXT")', "")
    assert caught.value.__context__ is None


def test_no_traceback_holds_a_key() -> None:
    """The traceback of whatever fails with a key names the key and holds neither its bytes nor its hex."""
    halves_equal = Key("AK of bank 0102", b"SECRETK!SECRETK!")
    failing = (
        lambda: check_key(halves_equal, TRIPLE_DES, 16),
        lambda: check_key(halves_equal, TRIPLE_DES, 24),
        lambda: check_kcv(halves_equal, AES, bytes(4)),
        lambda: wrap(halves_equal, halves_equal, TRIPLE_DES),
        lambda: halves_equal.kcv(DES),
        lambda: unwrap(halves_equal, bytes(16), "MAK", TRIPLE_DES, 16),
    )
    for operation in failing:
        with pytest.raises((KeyRefused, KeyCheckFailed, ValueError)) as caught:
            operation()
        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert "SECRET" not in shown
        assert b"SECRETK!".hex() not in shown.lower()


def test_des_keys_are_made_with_odd_parity() -> None:
    """Each byte has an odd number of ones; the key it stands for is the same, and AES keys are left alone."""
    for octet in range(256):
        (odd,) = with_odd_parity(bytes([octet]))
        assert odd.bit_count() % 2 == 1
        assert odd & 0xFE == octet & 0xFE
    made = [generate_key("AK", TRIPLE_DES, 16) for _ in range(20)]
    assert all(octet.bit_count() % 2 for key in made for octet in key.secret)
    assert not all(octet.bit_count() % 2 for _ in range(20) for octet in generate_key("AK", AES, 16).secret)


def test_keys_that_encrypt_alike_are_the_same() -> None:
    """DES does not look at parity bits, AES looks at every bit."""
    one = Key("one", bytes.fromhex("404142434445464748494A4B4C4D4E4F"))
    other = Key("other", bytes(octet ^ 1 for octet in one.secret))
    assert one.kcv(TRIPLE_DES) == other.kcv(TRIPLE_DES)
    assert same_key(one, other, TRIPLE_DES)
    assert not same_key(one, other, AES)
    assert same_key(one, Key("copy", one.secret), AES)
