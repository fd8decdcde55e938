"""Demo banks 演示银行: five, one for each suite, with the same well-known keys; one more for a dialect, when wanted."""

from dataclasses import dataclass

from protocol.dialect import Dialect
from protocol.dialects.registry import DEFAULT


@dataclass(frozen=True, slots=True)
class DemoBank:
    """A bank of the demo: its code, its name, what the name of its file ends with, its suite and its dialect."""

    bank_code: str
    name: str
    file_name: str
    suite: str
    dialect: Dialect = DEFAULT


DEMO_BANKS = (
    DemoBank("0102", "工商银行 (演示)", "icbc", "3des"),
    DemoBank("0103", "农业银行 (演示)", "abc", "aes"),
    DemoBank("0104", "中国银行 (演示)", "boc", "sm4"),
    DemoBank("0105", "建设银行 (演示)", "ccb", "cups"),
    DemoBank("0403", "邮政储蓄 (演示)", "post", "des"),
)
DEMO_NETWORK = "127.0.0.1/32"
DEMO_LINE_PROTECTION = "this machine alone 仅限本机"
DEMO_AK = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
DEMO_KEK = bytes.fromhex("505152535455565758595A5B5C5D5E5F")


def demo_bank_of(dialect: Dialect) -> DemoBank:
    """Return the demo bank that speaks ``dialect``; there is one when ``fep init`` is told so."""
    return DemoBank(f"09{dialect.port_offset:02d}", f"{dialect.name} (演示)", dialect.name, "3des", dialect)
