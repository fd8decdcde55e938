"""References to a key in a hardware security module; what is done with the module: tests/fep/commands."""

import pytest

from crypto.errors import MasterKeyUnavailable
from crypto.master_key import make_master_key, resolve_master_key
from crypto.token_key import TokenReference

SOUND = "pkcs11:token=FEP%20HSM;object=fep-master?module-path=/usr/lib/hsm.so&pin-source=credential:pin"


def test_a_reference_is_read() -> None:
    """A URI of RFC 7512, whose values may be percent-encoded; errors show token and key, not where the PIN stands."""
    reference = TokenReference.of(SOUND)
    assert reference == TokenReference("FEP HSM", "fep-master", "/usr/lib/hsm.so", "credential:pin")
    assert reference.shown == "pkcs11:token=FEP HSM;object=fep-master"


@pytest.mark.parametrize(
    "text",
    [
        "pkcs11:",
        "pkcs11:token=a;object=b",
        SOUND.replace("token=FEP%20HSM;", ""),
        SOUND.replace("fep-master", ""),
        SOUND.replace("pin-source", "pin-value"),
        SOUND.replace("?", ";"),
        SOUND + "&pin-source=file:x",
        SOUND.replace(";", ";serial=1;"),
    ],
)
def test_what_is_no_reference(text: str) -> None:
    """Something missing, twice or unknown, and above all a PIN itself: refused, and not repeated."""
    with pytest.raises(MasterKeyUnavailable, match="not a PKCS#11 reference") as caught:
        TokenReference.of(text)
    assert "fep-master" not in str(caught.value)


def test_a_pin_that_is_not_to_be_had(tmp_path) -> None:
    """It is told as such before any module is loaded."""
    with pytest.raises(MasterKeyUnavailable, match=r"CREDENTIALS_DIRECTORY is not set"):
        resolve_master_key(SOUND, tmp_path, {})


@pytest.mark.parametrize("text", ["env:KEY", "credential:key", "file:", "00" * 32])
def test_where_no_master_key_is_made(tmp_path, text) -> None:
    """Neither in an environment nor in a credential; the reference is not repeated, for it may be the key."""
    with pytest.raises(MasterKeyUnavailable, match="no key can be made there") as caught:
        make_master_key(text, tmp_path, {})
    assert "00" * 32 not in str(caught.value)
