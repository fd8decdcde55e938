"""The secrets of the canary site: customers, keys, passwords, each unlike anything else that is printed. 金丝雀数据

Names are of rare characters that GBK has too, for two of the formats know no others; numbers are random, and the same
in every run, so that a finding can be looked for again.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from urllib.parse import quote

from tests.support import canaries
from tests.support.canaries import Canary
from tests.support.raw_bank import today
from tests.system.billing import KINDS, Account, Bill, Books, month_back

NAME, ADDRESS = "龘靐齉麤爩", "犇骉猋蠡籱路鑫焱巷"
OF_THE_BANKS = "龖讟鱻鸞厵"
"""The customer's name as a bank's file has it, where that is another than the utility's."""
TOKEN = "c0llect0rs-Zut4tt-9917-geheim"
PASSWORD = "k4narie:Pw%2Fgeheim@Zq7"
WANTED = {
    "owing": 40,
    "future": 24,
    "empty": 16,
    "many": 1,
    "suspended": 1,
    "closed": 2,
    "card": 1,
    "utility": 1,
    "debit": 2,
    "twins": 2,
}
_random = Random("canary")
_made: list[Canary] = []


def digits(name: str, count: int, prefix: str = "") -> str:
    """Return a new number of ``count`` digits, which nothing that is printed may have."""
    value = prefix + "".join(_random.choices("0123456789", k=count - len(prefix)))
    _made.append(canaries.number(name, value))
    return value


def key_of(name: str, size: int = 16) -> bytes:
    """Return a new key."""
    value = hashlib.sha256(f"canary {name}".encode()).digest()[:size]
    _made.append(canaries.key(name, value))
    return value


@dataclass
class Ceremony:
    """A bank's key, and the two components in which it is brought."""

    name: str
    components: tuple[bytes, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.components = (key_of(f"{self.name}, component 1"), key_of(f"{self.name}, component 2"))
        _made.append(canaries.key(self.name, self.key))

    @property
    def key(self) -> bytes:
        """The whole key."""
        return bytes(left ^ right for left, right in zip(*self.components, strict=True))


MASTER_KEY = key_of("master key", 32)
AK, KEK, NEW_AK, NEW_KEK, KBPK = (Ceremony(name) for name in ("AK", "KEK", "new AK", "new KEK", "KBPK"))
REFUSED_KEY = bytes.fromhex("5dfe") + key_of("a key that is refused", 13)
CARD, OTHER_CARD = (digits(name, 19, "6217") for name in ("payer's card", "another card"))
UNKNOWN_ACCOUNT = digits("account that nobody has", 16, "0177")
UNKNOWN_PASSBOOK = digits("passbook that nobody has", 19, "6228")
BAD_ACCOUNT, BAD_PASSBOOK = digits("account of a bad row", 16, "0177"), digits("passbook of a bad row", 19, "6228")
TELEPHONE = digits("telephone in a bank's words", 16, "86139")


def books() -> Books:
    """Return the accounts of the site."""
    made = Books()
    for kind, count in WANTED.items():
        for _ in range(count):
            made.accounts[kind].append(_account(kind))
    return made


def _account(kind: str) -> Account:
    _, bills, columns = KINDS[kind]
    values = {
        "account_no": digits("account", 16, "0177"),
        "name": f"{NAME}{_random.choice('甲乙丙丁')}",
        "address": f"{ADDRESS}{_random.randrange(100, 999)}号",
        "meter_no": digits("meter", 16, "88"),
        "passbook": digits("passbook", 19, "6228"),
        **{name: value for name, value in columns.items() if name not in {"name", "passbook"}},
    }
    number = _random.randrange(10**9)
    made = tuple(
        Bill(f"CB{number:09d}{at:02d}", month_back(len(bills) - at), principal, today() + timedelta(days))
        for at, (principal, days) in enumerate(bills)
    )
    return Account(bills=made, **values)  # type: ignore[arg-type]


def with_twins(made: Books) -> Books:
    """Return the same books, whose two twins have one passbook."""
    from dataclasses import replace

    first, *others = made.accounts["twins"]
    made.accounts["twins"] = [first, *(replace(other, passbook=first.passbook) for other in others)]
    return made


BOOKS = with_twins(books())


def canaries_of(session_keys: set[bytes]) -> list[Canary]:
    """Return everything that is looked for."""
    texts = [
        canaries.text("name", NAME),
        canaries.text("address", ADDRESS),
        canaries.text("name in a file", OF_THE_BANKS),
    ]
    words = [canaries.word("password of the database", word) for word in (PASSWORD, quote(PASSWORD, safe=""))]
    words.append(canaries.word("token of the collector", TOKEN))
    words.append(canaries.key("a key that is refused", REFUSED_KEY))
    return [*_made, *texts, *words, *(canaries.key("session key", each) for each in session_keys)]


def by_kind() -> dict[str, list[Account]]:
    """Return all accounts, by kind."""
    return defaultdict(list, BOOKS.accounts)
