"""Histograms count each value once, in the right bucket, and are added up without being changed."""

from dbgate.histogram import Histogram, added


def test_a_value_is_counted_in_the_bucket_whose_bound_it_does_not_exceed():
    """A bound belongs to its own bucket, as Prometheus' le says; what is above all bounds is counted too."""
    histogram = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 1.01, 5.0, 7.0):
        histogram.note(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.total == 14.51


def test_copies_stand_still():
    """What has been copied does not change when more is noted."""
    histogram = Histogram((1.0,))
    histogram.note(3.0)
    copy = histogram.copy()
    histogram.note(0.1)
    assert (copy.counts, copy.total) == ([0, 1], 3.0)


def test_histograms_of_several_threads_are_added_up():
    """The sum has every value of each; with nobody to add up it is empty."""
    one, other = Histogram((1.0,)), Histogram((1.0,))
    one.note(0.5)
    other.note(2.0)
    other.note(0.25)
    both = added([one, other], (1.0,))
    assert (both.counts, both.total) == ([2, 1], 2.75)
    assert added([], (1.0,)).counts == [0, 0]
