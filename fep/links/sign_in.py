"""Sign-in and key exchange 签到与密钥更换: the checks that are theirs alone, and the session keys they hand out."""

from datetime import datetime

import structlog

from crypto.errors import KeyRingBusy
from crypto.key_ring import KeyRing
from fep.links.bank import Bank, SignInKeys
from fep.links.route import Route
from fep.links.services import Services
from protocol.canonical.link import KeyReply, KeyRequest
from protocol.canonical.messages import Answer, Head, Request
from protocol.response_codes import ResponseCode

_log = structlog.get_logger()


def route_refusal(services: Services, bank: Bank, route: Route) -> str | None:
    """Return what of a connection's way in is not the bank's, ``address`` or ``certificate``; None: it may be it."""
    if not bank.may_connect_from(route.peer):
        return "address"
    return None if bank.may_show(route.certificate, services.banks.values()) else "certificate"


def refuse_route(services: Services, bank: Bank, route: Route, reason: str) -> None:
    """Count and log that a connection may not be the bank's, for ``reason`` of ``route_refusal``.

    Another bank's certificate was signed by an authority of ours, so somebody has a key who should not: that is a
    security event, and its address waits as after a wrong key.
    """
    code = bank.settings.bank_code
    services.refusals.sign_ins[code, reason] += 1
    is_certificate = reason == "certificate"
    if is_certificate:
        services.events["security_event"] += 1
        services.admission.failed(route.peer, services.clock.seconds())
    if not services.notices.takes("sign_in_refused", code):
        return
    _log.warning("sign_in_refused", bank_code=code, peer=str(route.peer), reason=reason)
    if is_certificate:
        shown = "" if route.certificate is None else route.certificate.sha256
        peer = str(route.peer)
        _log.error("security_event", kind="certificate", peer=peer, bank_code=code, certificate_sha256=shown)


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
