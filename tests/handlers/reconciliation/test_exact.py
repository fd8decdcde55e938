"""Equal rows are found by their hashes, whatever is repeated, and what is left over is bounded."""

import pytest

from handlers.reconciliation.exact import ExactMatching, TooManyLeft


def matching(*keys: str, left_max: int = 100) -> ExactMatching:
    """The file's rows, with ours about to come."""
    exact = ExactMatching(left_max)
    exact.add(keys)
    exact.begin()
    return exact


def test_equal_rows_leave_nothing() -> None:
    """In whatever order they stand on the two sides, and in whatever portions ours come."""
    exact = matching("a", "b", "c")
    assert [*exact.left_of(["c"]), *exact.left_of(["a", "b"]), *exact.left_of([])] == []
    assert exact.left_places() == []


def test_what_is_left_of_both_sides() -> None:
    """Ours by their keys, the file's by their places."""
    exact = matching("a", "b", "c", "d")
    assert list(exact.left_of(["d", "x", "b", "y"])) == ["x", "y"]
    assert exact.left_places() == [0, 2]


def test_of_equal_rows_the_first_is_matched() -> None:
    """The others are left over, all of them when we have none; so is ours when a second database has it too."""
    exact = matching("a", "b", "a", "b", "a")
    assert list(exact.left_of(["a"])) == []
    assert list(exact.left_of(["a"])) == ["a"]
    assert exact.left_places() == [1, 2, 3, 4]
    assert exact.places_of(["a", "none"]) == {"a": [0, 2, 4], "none": []}


def test_it_may_begin_again() -> None:
    """As when a day beside it has been reconciled meanwhile."""
    exact = matching("a", "b")
    exact.left_of(["a", "x"])
    exact.begin()
    assert list(exact.left_of(["a", "b"])) == []
    assert exact.left_places() == []


def test_too_many_are_refused() -> None:
    """On either side, as soon as that is known."""
    exact = matching("a", "b", "c", left_max=2)
    with pytest.raises(TooManyLeft):
        exact.left_of(["x", "y", "z"])
    with pytest.raises(TooManyLeft):
        exact.left_places()
    repeated = matching("a", "a", "a", "a", left_max=2)
    assert list(repeated.left_of(["a"])) == []
    with pytest.raises(TooManyLeft):
        repeated.left_places()
