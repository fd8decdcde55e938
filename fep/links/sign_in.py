"""Sign-in and key exchange 签到与密钥更换: the checks that are theirs alone, and the session keys they hand out."""

from datetime import datetime

from crypto.errors import KeyRingBusy
from crypto.key_ring import KeyRing
from fep.links.bank import Bank, SignInKeys
from fep.links.services import Services
from protocol.canonical import Answer, Head, KeyReply, KeyRequest, Request
from protocol.response_codes import ResponseCode


def is_replayed(services: Services, bank: Bank, request: Request) -> bool:
    """Tell whether the request's random was seen within the last ten minutes, and remember it if not.

    When no more can be remembered the request passes here and ``issue_keys`` answers that the FEP is busy.
    """
    assert isinstance(request.body, KeyRequest)
    now = services.clock.seconds()
    guard = services.replay_guard
    bank_code = bank.settings.bank_code
    return not guard.is_full(bank_code, now) and not guard.is_fresh(bank_code, request.body.client_random, now)


def issue_keys(services: Services, bank: Bank, keys: SignInKeys, ring: KeyRing, request: Request) -> Answer:
    """Answer SIGN_IN or KEY_EXCHANGE: new session keys under the KEK of the version that the bank has used, or the code
    of what is in the way.
    """
    assert isinstance(request.body, KeyRequest)
    now = services.clock.seconds()
    services.clock_skews[bank.settings.bank_code] = skew_s = _clock_skew_s(services, request.head)
    if abs(skew_s) > services.settings.link.clock_limit:
        return Answer(ResponseCode.CLOCK_DIFFERS)
    if services.replay_guard.is_full(bank.settings.bank_code, now):
        return Answer(ResponseCode.BUSY)
    try:
        issued = ring.issue(keys.kek, now)
    except KeyRingBusy:
        return Answer(ResponseCode.BUSY)
    reply = KeyReply(
        client_random=request.body.client_random,
        key_version=issued.key_version,
        key_lifetime_s=issued.key_lifetime_s,
        server_time=f"{services.wall_clock():%Y%m%d%H%M%S}",
        wrapped_mak=issued.wrapped.wrapped_mak,
        mak_kcv=issued.wrapped.mak_kcv,
        wrapped_tek=issued.wrapped.wrapped_tek,
        tek_kcv=issued.wrapped.tek_kcv,
    )
    return Answer(ResponseCode.APPROVED, reply, clearing_date=services.gate.clearing_date(bank.settings.bank_code))


def _clock_skew_s(services: Services, head: Head) -> float:
    """Return by how much the bank's clock is ahead of ours."""
    theirs = datetime.combine(head.bank_date, head.bank_time)
    return (theirs - services.wall_clock()).total_seconds()
