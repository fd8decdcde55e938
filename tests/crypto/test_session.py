"""Session security 会话安全."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import KeyCheckFailed, KeyFault, KeyRefused, MacMismatch
from crypto.keys import Key
from crypto.session import (
    SessionKeys,
    SessionSecurity,
    WrappedKeys,
    ak_mac,
    generate_session_keys,
    unwrap_session_keys,
    wrap_session_keys,
)
from crypto.suites import SUITES
from tests.crypto.vectors import FRAMES, FrameVector

KEK = Key.from_hex("KEK", "505152535455565758595a5b5c5d5e5f")
AK = Key.from_hex("AK", "404142434445464748494a4b4c4d4e4f")
BODIES = st.lists(
    st.tuples(
        st.binary(min_size=8, max_size=8),
        st.integers(1, 8).flatmap(lambda blocks: st.binary(min_size=16 * blocks, max_size=16 * blocks)),
    ),
    min_size=1,
    max_size=5,
)


def session_of(suite: str) -> SessionSecurity:
    return SessionSecurity(SUITES[suite], generate_session_keys(SUITES[suite]))


@pytest.mark.parametrize("suite", SUITES)
def test_every_changed_bit_is_noticed(suite: str) -> None:
    """A message or a MAC with any one bit changed does not verify, nor does a MAC of another length."""
    session = session_of(suite)
    data = bytes(range(24))
    mac = session.mac_of(data)
    session.verify(data, mac)

    assert len(mac) == 8
    for at in range(len(data) * 8):
        changed = (int.from_bytes(data) ^ 1 << at).to_bytes(len(data))
        with pytest.raises(MacMismatch):
            session.verify(changed, mac)
    for at in range(len(mac) * 8):
        with pytest.raises(MacMismatch):
            session.verify(data, (int.from_bytes(mac) ^ 1 << at).to_bytes(8))
    for other in (b"", mac[:7], mac + b"\0", bytes(8)):
        with pytest.raises(MacMismatch):
            session.verify(data, other)
    session.verify(data, mac)


def test_a_mismatch_carries_the_digest_of_its_input() -> None:
    """What is logged of a wrong MAC is length and digest of its input, so both sides can compare theirs."""
    with pytest.raises(MacMismatch) as caught:
        ak_mac(SUITES["3des"], AK).verify(b"header and body", bytes(8))

    assert caught.value.input_bytes == 15
    assert caught.value.input_sha256 == sha256(b"header and body").hexdigest()
    assert caught.value.input_sha256 in str(caught.value)
    assert caught.value.input_sha256 in caught.value.chinese


@given(suite=st.sampled_from(list(SUITES)), bodies=BODIES)
def test_bodies_are_plain_cbc(suite: str, bodies: list[tuple[bytes, bytes]]) -> None:
    """Body after body, one object encrypts and decrypts as CBC with IV = E_TEK(nonce and zeros) from the start."""
    cipher = SUITES[suite].body_cipher
    keys = generate_session_keys(SUITES[suite])
    session = SessionSecurity(SUITES[suite], keys)
    for nonce, plain in bodies:
        iv = cipher.encrypt_ecb(keys.tek.secret, nonce + bytes(cipher.block_bytes - 8))
        expected = cipher.encrypt_cbc(keys.tek.secret, iv, plain)

        assert expected == session.encrypt_body(nonce, plain)
        assert plain == session.decrypt_body(nonce, expected)


@pytest.mark.parametrize("suite", SUITES)
def test_wrong_lengths_leave_the_session_whole(suite: str) -> None:
    """A body or nonce of a wrong length is an error, and the next frame is not affected."""
    session = session_of(suite)
    for method in (session.encrypt_body, session.decrypt_body):
        for nonce, body in ((bytes(8), b""), (bytes(8), bytes(17)), (bytes(7), bytes(16)), (bytes(9), bytes(16))):
            with pytest.raises(ValueError, match="bytes, not"):
                method(nonce, body)
    encrypted = session.encrypt_body(b"nonce..1", b"sixteen bytes ..")

    assert encrypted == session.encrypt_body(b"nonce..1", b"sixteen bytes ..")
    assert session.decrypt_body(b"nonce..1", encrypted) == b"sixteen bytes .."


SIGN_IN_REPLIES = [frame for frame in FRAMES if frame.signs_in and "kek" in frame.fields]


@pytest.mark.parametrize("frame", SIGN_IN_REPLIES, ids=lambda frame: frame.name)
def test_golden_sign_in_replies(frame: FrameVector) -> None:
    """The wrapped keys and check values of each golden sign-in reply come out, and open again, as printed."""
    suite, kek = SUITES[frame.suite], Key.from_hex("KEK", frame.fields["kek"])
    keys = SessionKeys(Key.from_hex("MAK", frame.fields["mak"]), Key.from_hex("TEK", frame.fields["tek"]))
    field = frame.plain_body[40:]
    printed = WrappedKeys(field[:16], field[16:20], field[20:36], field[36:40])

    assert printed == wrap_session_keys(suite, kek, keys)
    assert keys == unwrap_session_keys(suite, kek, printed)


def test_golden_sign_in_replies_are_there() -> None:
    """Every suite has its golden sign-in reply, so none goes unproven."""
    assert set(SUITES) == {frame.suite for frame in SIGN_IN_REPLIES}


@pytest.mark.parametrize("suite", SUITES)
def test_another_kek_is_noticed(suite: str) -> None:
    """A bank whose KEK is not ours learns it from the check value, before it uses a wrong key."""
    wrapped = wrap_session_keys(SUITES[suite], KEK, generate_session_keys(SUITES[suite]))

    with pytest.raises(KeyCheckFailed, match="MAK"):
        unwrap_session_keys(SUITES[suite], AK, wrapped)


def test_weak_wrapped_keys_are_refused() -> None:
    """A weak session key is refused by the bank's side too, though its check value is right."""
    weak = SessionKeys(Key("MAK", b"\1" * 8), Key("TEK", bytes(range(8))))

    with pytest.raises(KeyRefused, match="MAK refused: weak DES key"):
        unwrap_session_keys(SUITES["des"], KEK, wrap_session_keys(SUITES["des"], KEK, weak))


@pytest.mark.parametrize("suite", SUITES)
def test_keys_must_fit_the_suite(suite: str) -> None:
    """A key of another length is refused for sign-in and for the session."""
    good, bad = generate_session_keys(SUITES[suite]), Key("bad", bytes(range(12)))

    with pytest.raises(KeyRefused) as caught:
        ak_mac(SUITES[suite], bad)
    assert caught.value.fault is KeyFault.WRONG_LENGTH
    for keys in (SessionKeys(bad, good.tek), SessionKeys(good.mak, bad)):
        with pytest.raises(KeyRefused) as caught:
            SessionSecurity(SUITES[suite], keys)
        assert caught.value.fault is KeyFault.WRONG_LENGTH


def test_generated_session_keys_differ() -> None:
    """MAK and TEK are two keys, new each time, and shown by name only."""
    keys = generate_session_keys(SUITES["aes"])

    assert keys.mak != keys.tek
    assert keys != generate_session_keys(SUITES["aes"])
    assert repr(keys) == "SessionKeys(mak=<Key MAK>, tek=<Key TEK>)"
