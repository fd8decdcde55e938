"""Notices: a storm writes a few lines of each kind, and their number."""

from fep.links.notices import LINES_MAX, PERIOD_S, Notices


def test_a_few_of_each_kind_are_written(logs):
    """Those left out are counted and told by kind when the period is over; the next one begins anew."""
    notices = Notices()
    notices.check(100.0)
    written = [notices.takes("connection_refused", "address") for _ in range(LINES_MAX + 5)]
    assert written == [True] * LINES_MAX + [False] * 5
    assert notices.takes("connection_refused", "connections_max")
    notices.check(100.0 + PERIOD_S - 0.1)
    assert logs == []

    notices.check(100.0 + PERIOD_S)
    assert [(line["event"], line["of"], line["reason"], line["count"]) for line in logs] == [
        ("lines_left_out", "connection_refused", "address", 5)
    ]
    assert notices.takes("connection_refused", "address")
