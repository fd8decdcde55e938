"""What the replay guard remembers, for how long, and how much."""

from fep.links.replay_guard import ENTRIES_MAX, REMEMBERED_S, ReplayGuard

RANDOM = b"r" * 16


def test_a_random_is_fresh_once():
    """The second time within ten minutes it is not, whoever asks about others in between."""
    guard = ReplayGuard()
    assert guard.is_fresh("0102", RANDOM, 1000.0)
    assert guard.is_fresh("0102", b"s" * 16, 1001.0)
    assert guard.is_fresh("0103", RANDOM, 1002.0)
    assert not guard.is_fresh("0102", RANDOM, 1599.9)


def test_it_is_fresh_again_after_ten_minutes():
    """Exactly ten minutes later it may come again, and is then remembered for ten more."""
    guard = ReplayGuard()
    assert guard.is_fresh("0102", RANDOM, 1000.0)
    assert guard.is_fresh("0102", RANDOM, 1600.0)
    assert not guard.is_fresh("0102", RANDOM, 2199.9)


def test_a_replay_does_not_extend_what_is_remembered():
    """The ten minutes count from the first time."""
    guard = ReplayGuard()
    guard.is_fresh("0102", RANDOM, 1000.0)
    assert not guard.is_fresh("0102", RANDOM, 1500.0)
    assert guard.is_fresh("0102", RANDOM, 1600.0)


def test_it_forgets_what_is_old(monkeypatch):
    """Full means full of what is younger than ten minutes, in whatever order it came."""
    monkeypatch.setattr("fep.links.replay_guard.ENTRIES_MAX", 3)
    guard = ReplayGuard()
    for number in range(3):
        assert not guard.is_full("0102", 1000.0 + number)
        guard.is_fresh("0102", bytes([number] * 16), 1000.0 + number)
    assert guard.is_full("0102", 1003.0)
    assert guard.is_full("0102", 1599.9)
    assert not guard.is_full("0102", 1600.0)
    assert guard.is_fresh("0102", b"x" * 16, 1600.0)
    assert guard.is_full("0102", 1600.5)


def test_what_comes_again_is_the_youngest(monkeypatch):
    """A random that came again after ten minutes does not keep older ones from being forgotten."""
    monkeypatch.setattr("fep.links.replay_guard.ENTRIES_MAX", 2)
    guard = ReplayGuard()
    for random, now in ((b"a" * 16, 1000.0), (b"b" * 16, 1010.0), (b"a" * 16, 1605.0)):
        assert guard.is_fresh("0102", random, now)
    assert guard.is_full("0102", 1609.9)
    assert not guard.is_full("0102", 1610.0)


def test_the_bounds():
    """Ten minutes, and at most some 4 MB of each bank."""
    assert (REMEMBERED_S, ENTRIES_MAX) == (600.0, 20_000)


def test_a_bank_fills_its_own_share(monkeypatch):
    """One that signs in without end must wait; another bank signs in."""
    monkeypatch.setattr("fep.links.replay_guard.ENTRIES_MAX", 3)
    guard = ReplayGuard()
    for number in range(3):
        guard.is_fresh("0102", bytes([number] * 16), 1000.0)
    assert guard.is_full("0102", 1001.0)
    assert not guard.is_full("0103", 1001.0)
