"""Keys that stand where none belongs are not repeated."""

import pytest

from fep.key_like import is_key_like, without_keys

KEY = "404142434445464748494A4B4C4D4E4F"


@pytest.mark.parametrize(
    "text", [KEY, f"file:{KEY}", f"keys.{KEY.lower()}: unknown key", KEY * 2, f"file:{KEY} ({KEY})"]
)
def test_a_key_is_left_out(text: str) -> None:
    """Whatever stands around it."""
    assert is_key_like(text)
    assert KEY.lower() not in without_keys(text).lower()
    assert "***" in without_keys(text)


def test_other_text_stays() -> None:
    """Names, paths and check values are no keys."""
    text = f"file:/srv/{KEY}/master.key file:{KEY}.pem KCV 08D7B4FB 2026-11-22T23:59:59"
    assert not is_key_like(text)
    assert without_keys(text) == text
