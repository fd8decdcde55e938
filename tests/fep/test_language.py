"""The language that a user gets."""

import pytest

from fep.language import Text, choose, language_of, say


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "zh_CN", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN", "FEP_LANG": "en"}, "en"),
        ({"LC_ALL": "C", "FEP_LANG": "zh"}, "zh"),
        ({"LANG": "zh_CN", "FEP_LANG": "fr"}, "zh"),
    ],
)
def test_the_environment_chooses_the_language(variables: dict[str, str], wanted: str) -> None:
    """FEP_LANG decides, else the first locale variable that is set; an unknown FEP_LANG is no obstacle."""
    assert wanted == language_of(variables)


def test_a_text_is_shown_in_the_language_chosen_after_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A help text made at import follows ``--lang``, and going back to the environment works."""
    monkeypatch.setenv("FEP_LANG", "en")
    text = Text("bank", "银行")
    choose("zh")
    assert (str(text), say(en="account", zh="户")) == ("银行", "户")
    choose(None)
    assert (str(text), say(en="account", zh="户")) == ("bank", "account")
