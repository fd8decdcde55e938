"""Why a bank has not answered, in words for logs and for people."""

import pytest

from fep.language import choose
from fep.partners.errors import PartnerBusy, PartnerSilent, PartnerUnreachable, Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_said_in_both_languages(reason: Reason) -> None:
    """An operator reads it in Chinese or English."""
    choose("en")
    english = str(reason.text)
    choose("zh")
    chinese = str(reason.text)
    choose(None)
    assert english.isascii()
    assert not chinese.isascii()
    assert reason.value == reason.name.lower()


def test_what_was_not_sent_is_one_family() -> None:
    """A caller that asks whether anything can have happened needs two classes, not three."""
    assert issubclass(PartnerBusy, PartnerUnreachable)
    assert not issubclass(PartnerSilent, PartnerUnreachable)
    assert str(PartnerSilent(Reason.NOT_A_REPLY, "header: too short")).endswith("asked: header: too short")
