"""Errors of a reconciliation 对账错误: why a bank's day was not reconciled; nothing was stored."""

from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_FINDINGS, CommandFailed


class FileMissing(CommandFailed):
    """The bank's file of the day is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(EXIT_FINDINGS, en=f"the bank's file {name} is missing", zh=f"缺少银行文件 {name}")


class FileRefused(CommandFailed):
    """The bank's file is not used, none of it."""

    def __init__(self, *, en: str, zh: str) -> None:
        super().__init__(EXIT_BAD_INPUT, en=en, zh=zh)


class DayNotClosed(CommandFailed):
    """Payments may still enter the day, or it never was one of the bank's."""

    def __init__(self, *, en: str, zh: str) -> None:
        super().__init__(EXIT_BAD_INPUT, en=en, zh=zh)


class AlwaysSuperseded(CommandFailed):
    """Somebody else reconciles days of the bank at the same time, over and over."""

    def __init__(self) -> None:
        super().__init__(
            EXIT_CANNOT_RUN,
            en="another command reconciles this bank at the same time; repeat this one",
            zh="另有命令正在对同一银行对账; 请重新执行",
        )
