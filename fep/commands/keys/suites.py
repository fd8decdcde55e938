"""The suite 套件 of the bank whose keys are loaded."""

from crypto.suites import SUITES, Suite
from fep.config.settings import Settings
from fep.exits import EXIT_BAD_INPUT, CommandFailed


def suite_of(settings: Settings, bank_code: str, suite_name: str | None) -> Suite:
    """Return the suite of a bank's file, or the one that is named for a bank without one.

    Raises:
        CommandFailed: there is neither, or they differ, or the code is none.
    """
    bank = settings.banks.get(bank_code)
    if bank is None and suite_name is None:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"bank {bank_code} has no file in banks/; write it first, or give --suite",
            zh=f"银行 {bank_code} 在 banks/ 中没有配置文件; 请先建立, 或用 --suite 指定套件",
        )
    if not (bank_code.isascii() and bank_code.isdigit() and len(bank_code) == 4):
        raise CommandFailed(EXIT_BAD_INPUT, en="a bank code has 4 digits", zh="银行代码为 4 位数字")
    if bank is not None and suite_name not in {None, bank.suite.name}:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"bank {bank_code} has suite {bank.suite.name} in its file, not {suite_name}",
            zh=f"银行 {bank_code} 的配置套件为 {bank.suite.name}, 不是 {suite_name}",
        )
    return bank.suite if bank is not None else SUITES[str(suite_name)]
