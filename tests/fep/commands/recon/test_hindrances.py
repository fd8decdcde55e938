"""Hindrances 处理障碍: each has its words, in both languages, with what to do instead."""

import pytest

from fep.commands.recon.hindrances import CASES, HINDRANCES
from handlers.adjustment import Hindrance
from handlers.difference_acts import Case


def test_every_one_has_words() -> None:
    """A reason that is added later is not shown by its bare name."""
    assert set(HINDRANCES) == set(Hindrance)
    assert set(CASES) == set(Case)


@pytest.mark.parametrize("hindrance", Hindrance)
def test_both_languages_name_the_same_payment(hindrance: Hindrance) -> None:
    """Where one names the payment that stands in the way, the other does."""
    text = HINDRANCES[hindrance]
    assert ("{serial}" in text.en) == ("{serial}" in text.zh)
    assert text.en != text.zh
