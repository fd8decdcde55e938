"""The five suites 密码套件."""

import pytest

from crypto.keys import Key
from crypto.session import SessionKeys, SessionSecurity, ak_mac
from crypto.suites import SUITES
from tests.crypto.vectors import FRAMES, FrameVector

# Wire specification, section 2: AK, KEK, MAK, TEK bytes, body cipher, key wrap, weak.
SPECIFIED = {
    "des": (16, 16, 8, 8, "des", "3des", True),
    "3des": (16, 16, 16, 16, "3des", "3des", False),
    "cups": (16, 16, 16, 16, "3des", "3des", True),
    "aes": (16, 16, 16, 16, "aes", "aes", False),
    "sm4": (16, 16, 16, 16, "sm4", "sm4", False),
}


def test_suites_are_those_of_the_specification() -> None:
    """Key lengths, ciphers and the weak mark are those that the specification lists, and no suite is missing."""
    actual = {
        name: (s.ak_bytes, s.kek_bytes, s.mak_bytes, s.tek_bytes, s.body_cipher.name, s.wrap_cipher.name, s.weak)
        for name, s in SUITES.items()
    }

    assert actual == SPECIFIED
    assert list(SUITES) == [suite.name for suite in SUITES.values()]


def test_suites_cannot_be_changed() -> None:
    """The table is fixed while the daemon runs."""
    with pytest.raises(TypeError):
        SUITES["des"] = SUITES["aes"]  # type: ignore[index]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
def test_golden_frames(frame: FrameVector) -> None:
    """Each golden frame verifies, gets the same MAC again, and its body decrypts and encrypts as printed."""
    suite = SUITES[frame.suite]
    if frame.signs_in:
        authenticator = ak_mac(suite, Key("AK", frame.mac_key))
        assert frame.plain_body == frame.body
    else:
        tek = frame.tek or bytes(range(suite.tek_bytes))
        session = SessionSecurity(suite, SessionKeys(Key("MAK", frame.mac_key), Key("TEK", tek)))
        authenticator = session
        if frame.tek is None:
            assert frame.plain_body == frame.body
        else:
            assert frame.plain_body == session.decrypt_body(frame.nonce, frame.body)
            assert frame.body == session.encrypt_body(frame.nonce, frame.plain_body)

    authenticator.verify(frame.authenticated, frame.mac)

    assert frame.mac == authenticator.mac_of(frame.authenticated)
