"""Lanes 划拨通道: one for each bank that bills are pushed to, with the way that its format has."""

from collections.abc import Callable, Iterable
from functools import partial

from fep.links.bank import Bank
from fep.links.link import Link
from fep.links.services import Services
from fep.partners.partners import Partners
from fep.pushes.lane import BankLane
from fep.pushes.ways import LinkWay, PartnerWay, Way


def push_lanes(services: Services, partners: Partners, links: Callable[[], Iterable[Link]]) -> dict[str, BankLane]:
    """Return the lanes by bank code; ``links`` gives all of this daemon."""

    def of(bank: Bank) -> Iterable[Link]:
        return (link for link in links() if link.bank is bank)

    lanes = {}
    for code, bank in services.banks.items():
        if bank.settings.push:
            partner = partners.by_bank.get(code)
            way: Way = LinkWay(partial(of, bank), services.clock)
            if partner is not None:
                way = PartnerWay(partner, partial(partners.is_open, code))
            lanes[code] = BankLane(bank.settings, way)
    return lanes
