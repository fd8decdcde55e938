"""The key versions of a connection 会话密钥版本."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crypto.errors import KeyRingBusy, KeyVersionUnknown
from crypto.key_ring import KeyRing
from crypto.keys import Key
from crypto.session import SessionSecurity, unwrap_session_keys
from crypto.suites import SUITES

KEK = Key.from_hex("KEK", "505152535455565758595a5b5c5d5e5f")
SUITE = SUITES["aes"]


def new_ring(key_lifetime_s: int = 86_400) -> KeyRing:
    return KeyRing(SUITE, key_lifetime_s)


def valid_versions(ring: KeyRing, now: float) -> set[int]:
    valid = set()
    for version in range(12):
        try:
            ring.security(version, now)
        except KeyVersionUnknown:
            continue
        valid.add(version)
    return valid


@pytest.mark.parametrize("suite", SUITES)
def test_issued_keys_are_those_in_use(suite: str) -> None:
    """What the bank unwraps from the reply verifies what the ring's keys made, and the field widths are the wire's."""
    ring = KeyRing(SUITES[suite], key_lifetime_s=3600)
    issued = ring.issue(KEK, 100.0)
    bank = SessionSecurity(SUITES[suite], unwrap_session_keys(SUITES[suite], KEK, issued.wrapped))
    ours = ring.security(1, 100.0)

    bank.verify(b"a frame", ours.mac_of(b"a frame"))
    nonce, plain = b"12345678", b"sixteen bytes .."
    assert plain == bank.decrypt_body(nonce, ours.encrypt_body(nonce, plain))
    assert (issued.key_version, issued.key_lifetime_s) == (1, 3600)
    wrapped = issued.wrapped
    widths = [len(field) for field in (wrapped.wrapped_mak, wrapped.mak_kcv, wrapped.wrapped_tek, wrapped.tek_kcv)]
    assert widths == [16, 4, 16, 4]


def test_nothing_is_valid_before_sign_in() -> None:
    """Before keys are issued no version is valid, and the FEP has none for its own requests."""
    ring = new_ring()

    assert valid_versions(ring, 0.0) == set()
    assert ring.own_version(0.0) is None
    for operation in (ring.security, ring.mark_used, ring.expired):
        with pytest.raises(KeyVersionUnknown, match="no session keys of version 1") as caught:
            operation(1, 0.0)
        assert caught.value.version == 1


def test_former_version_ends_60_s_after_the_first_use_of_the_new() -> None:
    """The former version verifies until 60 s after the bank's first frame under the new one, however late that is."""
    ring = new_ring()
    ring.issue(KEK, 0.0)
    ring.mark_used(1, 1.0)
    ring.issue(KEK, 10.0)

    assert valid_versions(ring, 5000.0) == {1, 2}
    ring.mark_used(2, 5000.0)
    ring.mark_used(2, 5050.0)
    ring.mark_used(1, 5055.0)
    assert valid_versions(ring, 5059.9) == {1, 2}
    assert valid_versions(ring, 5060.0) == {2}
    with pytest.raises(KeyVersionUnknown):
        ring.mark_used(1, 5060.0)


def test_an_unused_version_is_replaced() -> None:
    """A further key exchange replaces a version that the bank has not used yet, the first one too."""
    ring = new_ring()
    ring.issue(KEK, 0.0)
    ring.issue(KEK, 1.0)
    assert valid_versions(ring, 1.0) == {2}

    ring.mark_used(2, 2.0)
    ring.issue(KEK, 3.0)
    ring.issue(KEK, 4.0)
    assert valid_versions(ring, 4.0) == {2, 4}


def test_no_key_exchange_while_two_used_versions_are_valid() -> None:
    """A key exchange is busy while two used versions are valid, changes nothing, and works afterwards."""
    ring = new_ring()
    ring.issue(KEK, 0.0)
    ring.mark_used(1, 0.0)
    ring.issue(KEK, 1.0)
    ring.mark_used(2, 2.0)

    with pytest.raises(KeyRingBusy):
        ring.issue(KEK, 61.9)
    assert valid_versions(ring, 61.9) == {1, 2}
    assert ring.issue(KEK, 62.0).key_version == 3
    assert valid_versions(ring, 62.0) == {2, 3}


def test_own_requests_wait_for_the_bank() -> None:
    """The FEP uses a version for its own requests only after the bank has used it."""
    ring = new_ring()
    ring.issue(KEK, 0.0)
    assert ring.own_version(1.0) is None
    ring.mark_used(1, 1.0)
    assert ring.own_version(1.0) == 1
    ring.issue(KEK, 2.0)
    assert ring.own_version(2.0) == 1
    ring.mark_used(1, 3.0)
    assert ring.own_version(3.0) == 1
    ring.mark_used(2, 4.0)
    assert ring.own_version(4.0) == 2


def test_key_lifetime_runs_from_issue() -> None:
    """A version expires a lifetime after its issue, still verifies then, and a key exchange brings a fresh one."""
    ring = new_ring(key_lifetime_s=100)
    ring.issue(KEK, 0.0)
    ring.mark_used(1, 50.0)

    assert not ring.expired(1, 99.9)
    assert ring.expired(1, 100.0)
    assert valid_versions(ring, 100.0) == {1}
    ring.issue(KEK, 100.0)
    assert not ring.expired(2, 199.9)
    assert ring.expired(1, 199.9)


def test_each_version_keeps_its_keys() -> None:
    """The object for a version is one and the same for its life, and another version's keys do not verify its MACs."""
    ring = new_ring()
    ring.issue(KEK, 0.0)
    first = ring.security(1, 0.0)
    ring.mark_used(1, 0.0)
    ring.issue(KEK, 0.0)

    assert first is ring.security(1, 1.0)
    assert first.mac_of(b"a frame") != ring.security(2, 1.0).mac_of(b"a frame")


class KeyRingRules(RuleBasedStateMachine):
    """The rules of the specification, kept as a plain list of facts beside the ring."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.ring = new_ring(key_lifetime_s=500)
        self.issued_at: dict[int, float] = {}
        self.used_at: dict[int, float] = {}
        self.replaced: set[int] = set()

    def expected_valid(self) -> set[int]:
        """A version is valid unless replaced unused, or 60 s have passed since the first use of a later one."""
        return {
            version
            for version in self.issued_at
            if version not in self.replaced
            and not any(later > version and self.now >= used + 60 for later, used in self.used_at.items())
        }

    @rule(seconds=st.sampled_from([0.0, 0.5, 29.5, 30.0, 60.0, 400.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def key_exchange(self) -> None:
        valid = self.expected_valid()
        if len(valid & self.used_at.keys()) == 2:
            with pytest.raises(KeyRingBusy):
                self.ring.issue(KEK, self.now)
            return
        self.replaced |= valid - self.used_at.keys()
        version = self.ring.issue(KEK, self.now).key_version
        assert version == len(self.issued_at) + 1
        self.issued_at[version] = self.now

    @precondition(lambda self: self.issued_at)
    @rule(back=st.integers(0, 3))
    def bank_sends(self, back: int) -> None:
        version = len(self.issued_at) - back
        if version in self.expected_valid():
            self.ring.mark_used(version, self.now)
            self.used_at.setdefault(version, self.now)
        else:
            with pytest.raises(KeyVersionUnknown):
                self.ring.mark_used(version, self.now)

    @invariant()
    def ring_agrees(self) -> None:
        expected = self.expected_valid()
        assert len(expected) <= 2
        for version in range(len(self.issued_at) + 2):
            if version in expected:
                self.ring.security(version, self.now)
                assert self.ring.expired(version, self.now) == (self.now - self.issued_at[version] >= 500)
            else:
                with pytest.raises(KeyVersionUnknown):
                    self.ring.security(version, self.now)
        assert self.ring.own_version(self.now) == max(self.used_at, default=None)


KeyRingRules.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestKeyRingRules = KeyRingRules.TestCase
