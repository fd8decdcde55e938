"""Acting 密钥操作: an act on keys is done at once, or proposed for another officer to approve (four eyes 双人复核)."""

from datetime import timedelta

from crypto.key_changes import KeyChange, NewJournal, deadline_of
from crypto.key_execution import carried_out
from crypto.key_proposals import KeyProposal
from crypto.key_versions import KeyVersion
from fep.command_line import confirm
from fep.commands.keys.officers import require_officer
from fep.commands.keys.outcomes import journal_detail, say_done
from fep.commands.keys.store import OpenStore, told
from fep.commands.keys.words import what_of
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed
from fep.language import Text
from fep.terminal import is_interactive


def act_on(opened: OpenStore, bank_code: str, change: KeyChange, detail: str = "") -> int:
    """Do ``change`` and say what was done, or propose it where the configuration asks for four eyes; the exit code.

    Raises:
        CryptoError: it cannot be done, or could not be if it were approved now; nothing was changed.
        CommandFailed: he is no security officer.
    """
    require_officer(opened.settings)
    if opened.settings.keys.four_eyes:
        _propose(opened, bank_code, change, detail)
    else:
        _do(opened, bank_code, change, detail)
    return EXIT_DONE


def approve_act(opened: OpenStore, number: int) -> int:
    """Do what another officer has proposed; on a terminal it is shown and asked for once more.

    Raises:
        CryptoError: there is no such proposal, or it is his own, or the keys have changed since.
        CommandFailed: he does not agree, or is no security officer.
    """
    require_officer(opened.settings)
    proposal = opened.store.approvable(number, opened.operator, opened.now, has_login=opened.has_login)
    what, who = what_of(proposal, opened.store), proposal.proposed_by
    if is_interactive() and not confirm(
        str(Text(f"{what.en}, proposed by {who}. Approve?", f"{who} 提请{what.zh}。是否同意?"))
    ):
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"nothing was done; proposal {number} waits still, fep keys reject {number} ends it",
            zh=f"未执行; 提请 {number} 仍待复核, 可用 fep keys reject {number} 驳回",
        )
    opened.store.end_proposal(number)
    _do(opened, proposal.bank_code, proposal.change, proposal.detail, who)
    return EXIT_DONE


def reject_act(opened: OpenStore, number: int, reason: str) -> int:
    """End a proposal, whoever has made it; the keys that it has are destroyed."""
    require_officer(opened.settings)
    proposal = opened.store.proposal(number, opened.now)
    opened.store.end_proposal(number)
    act = f"reject {proposal.change.act}"
    if isinstance(proposal.change, NewJournal):  # there is no journal to write it into
        opened.store.save()
    else:
        opened.save(act, proposal.bank_code, None, f"proposal {number}: {reason}", proposal.proposed_by)
    told(Text(f"proposal {number} is rejected", f"提请 {number} 已驳回"))
    return EXIT_DONE


def _do(opened: OpenStore, bank_code: str, change: KeyChange, detail: str, proposed_by: str = "") -> None:
    version = _carried_out(opened, bank_code, change)
    told_of = journal_detail(change, detail, opened.now)
    opened.save(change.act, bank_code, version, told_of, proposed_by)
    say_done(opened, bank_code, change, version)


def _propose(opened: OpenStore, bank_code: str, change: KeyChange, detail: str) -> None:
    version = None
    with opened.store.trial():
        if not isinstance(change, NewJournal):  # which moves a file, and cannot fail otherwise
            version = _carried_out(opened, bank_code, change)
    latest = opened.now + timedelta(seconds=opened.settings.keys.proposal_age_max)
    until = deadline_of(change, latest, opened.now)
    proposal = opened.store.propose(
        bank_code, change, detail, opened.operator, opened.now, until, has_login=opened.has_login
    )
    if isinstance(change, NewJournal):
        opened.store.save()
    else:
        about = journal_detail(change, detail, opened.now)
        opened.save(f"propose {change.act}", bank_code, version, f"proposal {proposal.number}: {about}".rstrip(": "))
    _say_proposed(proposal, opened)


def _carried_out(opened: OpenStore, bank_code: str, change: KeyChange) -> KeyVersion | None:
    return carried_out(opened.store, bank_code, change, opened.now, opened.resolve)


def _say_proposed(proposal: KeyProposal, opened: OpenStore) -> None:
    what, number = what_of(proposal, opened.store), proposal.number
    told(
        Text(
            f"proposal {number}: {what.en}\nnothing is changed yet; another officer approves it until "
            f"{proposal.expires_at}: fep keys approve {number}",
            f"提请 {number}: {what.zh}\n尚未生效; 须由另一人在 {proposal.expires_at} 前复核: fep keys approve {number}",
        )
    )
