"""What is to be said of a bank's keys 密钥提示 while nothing is wrong yet: their age, their end, their suite."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from crypto.key_store import KeyStore
from crypto.key_versions import KeyState, accepted
from fep.config.settings import BankSettings
from fep.language import Text


def key_findings(bank: BankSettings, store: KeyStore, age_max_s: float, now: datetime) -> Iterator[Text]:
    """Yield what an operator should plan for a bank whose keys are there.

    Args:
        bank: one whose format has a MAC.
        store: it has keys of the bank.
        age_max_s: keys that are in use for longer should be changed.
        now: naive, Asia/Shanghai.
    """
    versions = store.versions(bank.bank_code)
    present = accepted(versions, now)
    if present and present[0].valid_from is not None:
        age = now - present[0].valid_from
        if age > timedelta(seconds=age_max_s):
            yield Text(
                f"key version {present[0].number} is in use for {age.days} days; hold a key ceremony",
                f"密钥版本 {present[0].number} 已使用 {age.days} 天; 请举行密钥仪式更换",
            )
    planned = [each for each in versions if each.state(now) is KeyState.PENDING and each.valid_from is not None]
    if present and not planned and all(each.valid_until is not None for each in present):
        last = max(each.valid_until for each in present if each.valid_until is not None)
        yield Text(
            f"its last keys end at {last} and none follow; load and activate new ones",
            f"最后的密钥将于 {last} 停用且无后续版本; 请装入并启用新密钥",
        )
    if bank.suite.legacy and not bank.suite.weak:
        yield Text(
            f"suite {bank.suite.name} is 3DES, whose time is over; agree on aes or sm4 with the bank (docs/keys.md)",
            f"套件 {bank.suite.name} 基于 3DES, 已应淘汰; 请与银行商定改用 aes 或 sm4 (docs/keys.zh-CN.md)",
        )
