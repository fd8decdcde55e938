"""Refusals 差异处理的拒绝: why a step cannot be taken, and what to do instead, in both languages."""

from dbgate.books.differences import Difference
from dbgate.books.states import DifferenceAct, DifferenceState
from fep.commands.recon.hindrances import CASES, HINDRANCES
from fep.commands.recon.words import ACTS, STATES
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, CommandFailed
from fep.listings.listing import fep_serial
from handlers.adjustment import Adjusted, Hindered
from handlers.difference_acts import ACTS as FITTING
from handlers.difference_acts import Case

_STILL_IN_FLIGHT = "it is in flight: it is a difference only when the day on the other side is reconciled without it"
_STILL_IN_FLIGHT_ZH = "在途: 待对方日期对账后仍无此笔才算差异"


def unknown(difference_no: int) -> CommandFailed:
    """There is no such difference."""
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"there is no difference {difference_no}: fep recon list shows them",
        zh=f"没有差异 {difference_no}: 用 fep recon list 查看",
    )


def unknown_bank(bank_code: str) -> CommandFailed:
    """The difference is one of a bank that is not configured any more."""
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"the configuration has no bank {bank_code}, so nothing can be posted or undone for it",
        zh=f"配置中没有银行 {bank_code}, 无法为其补账或冲销",
    )


def not_open(difference: Difference) -> CommandFailed:
    """An act was proposed for a difference that is not open."""
    if difference.state is DifferenceState.CARRIED:
        return _bad(difference, en=_STILL_IN_FLIGHT, zh=_STILL_IN_FLIGHT_ZH)
    if difference.state is DifferenceState.PROPOSED:
        act, who = ACTS[_act(difference)], difference.proposed_by
        return _bad(
            difference,
            en=f"{act.en} is proposed by {who} already: approve or reject that",
            zh=f"{who} 已提出{act.zh}: 请先复核或驳回",
        )
    return _over(difference)


def not_proposed(difference: Difference) -> CommandFailed:
    """A difference was to be approved or rejected for which nothing is proposed."""
    if difference.state is DifferenceState.OPEN:
        return _bad(
            difference,
            en="nothing is proposed: fep recon post, refund, undo, claim or close does that",
            zh="尚无处理方案: 请先用 fep recon post、refund、undo、claim 或 close 提出",
        )
    if difference.state is DifferenceState.CARRIED:
        return _bad(difference, en=_STILL_IN_FLIGHT, zh=_STILL_IN_FLIGHT_ZH)
    return _over(difference)


def not_agreed(difference: Difference) -> CommandFailed:
    """Whoever was to approve it has seen it and said no."""
    return _bad(
        difference,
        en="nothing was done, the proposal stands: fep recon reject opens the difference again",
        zh="未作任何处理, 方案保留: 如不同意请用 fep recon reject 驳回",
    )


def unfit(difference: Difference, case: Case, act: DifferenceAct) -> CommandFailed:
    """The act does not mend this kind of difference."""
    fitting = [each for each in DifferenceAct if each in FITTING[case]]
    en, zh = (" or ".join(ACTS[each].en for each in fitting), "或".join(ACTS[each].zh for each in fitting))
    return _bad(
        difference,
        en=f"{CASES[case].en}; {ACTS[act].en} does not mend that, {en} does",
        zh=f"{CASES[case].zh}; 不能{ACTS[act].zh}, 可{zh}",
    )


def hindered(difference: Difference, answer: Hindered) -> CommandFailed:
    """The act cannot be done as things are now; nothing was done."""
    text, serial = HINDRANCES[answer.hindrance], fep_serial(answer.payment_serial) or ""
    en, zh = (each.replace("{serial}", serial) for each in (text.en, text.zh))
    return _bad(difference, en=f"nothing was done: {en}", zh=f"未作任何处理: {zh}")


def mended(difference: Difference, answer: Adjusted) -> CommandFailed:
    """Its money has moved already."""
    serial = fep_serial(answer.fep_serial)
    return _bad(
        difference,
        en=f"its money has moved already, as FEP serial {serial}: approve it again, which notes that it is done",
        zh=f"其资金已处理, 前置流水号 {serial}: 请再次复核以完成登记",
    )


def moved(difference: Difference) -> CommandFailed:
    """Somebody else was quicker."""
    return _bad(
        difference,
        en="somebody else has changed it meanwhile; nothing was done: look at it again",
        zh="已被他人更改, 未作任何处理: 请重新查看",
    )


def same_operator(difference: Difference) -> CommandFailed:
    """Four eyes are two people."""
    return _bad(
        difference,
        en=f"{difference.proposed_by} has proposed it; another operator must approve it",
        zh=f"由 {difference.proposed_by} 提出, 须由另一操作员复核",
    )


def being_approved(difference: Difference) -> CommandFailed:
    """Another operator's approval is on its way, or its process has died on it."""
    return _bad(
        difference,
        en=f"{difference.approved_by} is approving it; if it is not done in three minutes, approve it again",
        zh=f"{difference.approved_by} 正在复核; 三分钟后仍未完成请再次复核",
    )


def approved(difference: Difference) -> CommandFailed:
    """What is approved is finished, and not rejected, unless nothing comes of it."""
    return _bad(
        difference,
        en=(
            f"{difference.approved_by} has approved it and its money may be on its way: approve it again to finish it; "
            "it can be rejected ten minutes after that approval, if no money has moved"
        ),
        zh=f"{difference.approved_by} 已复核, 资金可能正在处理: 请再次复核以完成; 复核十分钟后若资金未动方可驳回",
    )


def outcome_unknown(difference: Difference) -> CommandFailed:
    """The answer to COMMIT was lost."""
    return CommandFailed(
        EXIT_CANNOT_RUN,
        en=f"difference {difference.difference_no}: it is not known whether its money has moved: approve it again",
        zh=f"差异 {difference.difference_no}: 资金是否已处理尚不确定: 请再次复核",
    )


def _over(difference: Difference) -> CommandFailed:
    """It is done, or was none."""
    state = STATES[difference.state]
    if difference.act is None:
        return _bad(difference, en=f"it is {state.en}: there is nothing to do", zh=f"{state.zh}: 无须处理")
    act, who = ACTS[difference.act], difference.approved_by
    return _bad(
        difference, en=f"it is done already: {act.en}, approved by {who}", zh=f"已处理: {act.zh}, 由 {who} 复核"
    )


def _act(difference: Difference) -> DifferenceAct:
    assert difference.act is not None
    return difference.act


def _bad(difference: Difference, *, en: str, zh: str) -> CommandFailed:
    number = difference.difference_no
    return CommandFailed(EXIT_BAD_INPUT, en=f"difference {number}: {en}", zh=f"差异 {number}: {zh}")
