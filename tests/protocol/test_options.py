"""Options: what a site may choose of a format, and what is said when it chooses something else."""

import pytest

from protocol.options import Option, OptionInvalid, chosen

LENGTH = Option("length", ("digits", "binary"), "length field", "长度域")
NODE = Option("own_node", ("",), "the utility's node", "供电公司节点", r"[!-~]{0,4}")


def test_what_is_not_chosen_is_usual() -> None:
    """The first value of each."""
    assert chosen((LENGTH, NODE), {}) == {"length": "digits", "own_node": ""}
    assert chosen((LENGTH, NODE), {"length": "binary", "own_node": "G301"}) == {"length": "binary", "own_node": "G301"}
    assert chosen((), {}) == {}


@pytest.mark.parametrize("value", ["Binary", "", "binary ", "digits,binary"])
def test_a_value_that_an_option_does_not_have(value: str) -> None:
    """Said in both languages with all that it may be, and without what was written."""
    with pytest.raises(OptionInvalid) as caught:
        chosen((LENGTH,), {"length": value})
    assert caught.value.name == "length"
    assert caught.value.must == 'one of "digits", "binary"'
    assert caught.value.must_zh == '其一: "digits", "binary"'


@pytest.mark.parametrize("value", ["G3011", "G 3", "节点", "G3\n"])
def test_free_text_that_does_not_fit(value: str) -> None:
    """From its first character to its last."""
    with pytest.raises(OptionInvalid, match="own_node must be text like"):
        chosen((NODE,), {"own_node": value})


def test_an_option_that_the_format_does_not_have() -> None:
    """Those that it has are named."""
    with pytest.raises(OptionInvalid) as caught:
        chosen((LENGTH, NODE), {"lenght": "binary"})
    assert (caught.value.name, caught.value.must) == ("lenght", "one of the options of this format (length, own_node)")
    with pytest.raises(OptionInvalid, match=r"\(none\)"):
        chosen((), {"length": "binary"})
