"""Routing: account numbers find their database by the longest prefix."""

import pytest

from dbgate.routing import Routes


@pytest.mark.parametrize(
    ("account_no", "target"),
    [
        ("0101000001", "city"),
        ("0101990001", "suburb"),
        ("0102000001", "county"),
        ("0201000001", None),
        ("01", None),
        ("", None),
        ("0101", "city"),
    ],
)
def test_the_longest_prefix_decides(account_no: str, target: str | None) -> None:
    """A branch may have a part of another one's range; a number that no prefix fits leads nowhere."""
    routes = Routes({"0101": "city", "0102": "county", "010199": "suburb", "0301": "city"})
    assert routes.find(account_no) == target


def test_a_target_may_have_many_prefixes() -> None:
    """All of them lead to it."""
    routes = Routes({"0101": "city", "0301": "city"})
    assert {routes.find("0101000001"), routes.find("0301000001")} == {"city"}
