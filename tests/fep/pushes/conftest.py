"""Settings of a bank that bills are pushed to."""

from ipaddress import ip_network

from crypto.suites import SUITES
from fep.config.settings import BankSettings
from handlers.terms import BankTerms

SETTINGS = BankSettings("0102", "银行", SUITES["3des"], (ip_network("127.0.0.0/8"),), BankTerms("0102"), push=True)
