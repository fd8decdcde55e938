"""Refusals 划拨处理被拒: why an act on a dead push is not done, and what to do instead."""

from collections.abc import Mapping
from types import MappingProxyType

from dbgate.books.records import Push
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import Text
from handlers.push_acts import PushHindrance

_HINDRANCES: Mapping[PushHindrance, Text] = MappingProxyType(
    {
        PushHindrance.NOT_DEAD: Text(
            "it is not dead: fep push list --state all", "不是待人工查实状态: fep push list --state all"
        ),
        PushHindrance.POSTED: Text(
            "a debit of it is posted, and the bank names a second one: the bank pays one back; then fep push drop",
            "已有扣款入账, 银行又报第二笔: 应由银行退回其一, 然后执行 fep push drop",
        ),
        PushHindrance.BILL_SETTLED: Text(
            "its bill is settled: there is nothing to debit; fep push drop",
            "该笔应收已缴清, 无须再划拨; 请执行 fep push drop",
        ),
        PushHindrance.TOO_OLD: Text(
            "it is older than the bank's push_age_days and would end at once: collect it otherwise, then fep push drop",
            "已超过该行的 push_age_days, 重试会立即结束: 请以其他方式收费, 并执行 fep push drop",
        ),
        PushHindrance.SAME_OPERATOR: Text(
            "you have proposed to drop it yourself; another operator must approve it", "由本人提请, 须由另一操作员复核"
        ),
        PushHindrance.NOT_PROPOSED: Text(
            "nobody has proposed to drop it: fep push drop first", "尚未提请了结: 请先执行 fep push drop"
        ),
    }
)


def hindered(push: Push, hindrance: PushHindrance) -> CommandFailed:
    """Return the refusal of an act that cannot be done."""
    text = _HINDRANCES[hindrance]
    return CommandFailed(
        EXIT_BAD_INPUT, en=f"push {push.fep_serial:012d}: {text.en}", zh=f"划拨 {push.fep_serial:012d}: {text.zh}"
    )


def moved(push: Push) -> CommandFailed:
    """Return the refusal of an act on a push that has moved since it was looked at."""
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"push {push.fep_serial:012d} has moved meanwhile; nothing was done, look at it again: fep push list",
        zh=f"划拨 {push.fep_serial:012d} 已被他人处理; 未执行, 请重新查看: fep push list",
    )


def unknown(fep_serial: int) -> CommandFailed:
    """Return the refusal of a number that no dead push has."""
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"no dead push has the FEP serial {fep_serial:012d}: fep push list",
        zh=f"没有前置流水号为 {fep_serial:012d} 的待查实划拨: fep push list",
    )
