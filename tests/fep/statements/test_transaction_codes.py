"""What a ledger is told a movement was."""

import pytest

from dbgate.records import Movement
from fep.statements.transaction_codes import transaction_code
from tests.fep.statements.test_camt053 import DAY, PAID


# Family and sub-family of domain PMNT, from the ISO 20022 external code sets.
@pytest.mark.parametrize(
    ("changed", "family", "sub_family"),
    [
        ({"instrument": 1}, "CNTR", "CDPT"),
        ({"instrument": 4}, "CNTR", "CHKD"),
        ({"instrument": 2}, "RCDT", "DMCT"),
        ({"instrument": 3}, "MCRD", "POSP"),
        ({"instrument": None}, "OTHR", "OTHR"),
        ({"channel": 2, "instrument": 2}, "IDDT", "PMDD"),
        ({"channel": 10, "instrument": 2}, "IDDT", "PMDD"),
        ({"channel": 10, "mends_date": DAY}, "OTHR", "OTHR"),
        ({"movement": Movement.CANCEL}, "OTHR", "OTHR"),
        ({"movement": Movement.REVERSE, "channel": 2}, "OTHR", "OTHR"),
    ],
)
def test_codes(changed: dict[str, object], family: str, sub_family: str) -> None:
    """By channel and instrument; an undo or adjustment is of no kind of its own."""
    assert transaction_code(PAID._replace(**changed)) == (family, sub_family)  # type: ignore[arg-type]
