"""Release of debit batches 代扣释放: proposed by one operator, approved by another, and then the bills are free."""

from functools import partial

from dbgate.books import debit_batches
from dbgate.books.acts import Act
from dbgate.books.debit_lists import listed_accounts
from dbgate.books.records import DebitBatch
from dbgate.books.states import BatchState
from dbgate.job import JOB_ACCOUNTS_MAX
from dbgate.reports.snapshots import snapshot
from fep.debits.bank_site import BankSite, run_works
from fep.debits.listing import list_name
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.partners.batch_notices import cancel, is_told_of_files
from handlers import debit_release

_RELEASABLE = (BatchState.PREPARING, BatchState.OUT)


def propose(site: BankSite, batch: DebitBatch, operator: str, reason: str) -> DebitBatch:
    """Propose that a batch is released; whoever proposes last is the one who may not approve.

    Raises:
        CommandFailed: it has ended, or another command is at work.
        GateError: nothing is known to have been done; it may be repeated.
    """
    if batch.state not in _RELEASABLE:
        raise _ended(batch)
    act = Act(operator, "debit_release", batch.bank_code, f"{batch.batch_no:012d}", reason)
    with site.alone():
        return debit_batches.propose_release(site.first, batch, act)


def approve(site: BankSite, batch: DebitBatch, operator: str, *, has_bank_agreed: bool = False) -> int:
    """Release a batch, take its list from where the bank gets it, set its bills free; return how many there were.

    The batch is released first: from then on no result of it is posted, and whatever stops this, the next call frees
    what is left. The file goes before that, so that nobody fetches a list whose bills are free.

    Before all a bank that is asked by messages must say that it will not debit the list, unless it has agreed to that
    otherwise (``has_bank_agreed``), as by telephone.

    Raises:
        CommandFailed: nobody has proposed it, or this operator has; the batch has ended otherwise; the bank may still
            debit the list; another command is at work.
        GateError: a database fails; what is freed stays free.
        OSError: the file cannot be removed.
    """
    if batch.state is not BatchState.RELEASED:
        _require_approvable(batch, operator)
    with site.alone():
        if batch.state is not BatchState.RELEASED:
            if not has_bank_agreed:
                _have_cancelled(site, batch)
            site.folder.withdraw(list_name(site, batch))
            subject = f"{batch.batch_no:012d}{' the bank has agreed' if has_bank_agreed else ''}"
            act = Act(operator, "debit_release_approve", batch.bank_code, subject, batch.reason)
            batch = debit_batches.set_released(site.first, batch, act)
        return sum(_freed(site, place, batch) for place in range(len(site.databases)))


def _have_cancelled(site: BankSite, batch: DebitBatch) -> None:
    """Have a list that is out cancelled by a bank that is asked by messages. Raises as ``batch_notices.cancel``."""
    if batch.state is BatchState.OUT and is_told_of_files(site.bank):
        name, row_count = list_name(site, batch), batch.row_count
        cancel(site.settings, site.databases, site.bank, name, row_count, batch.fee_date, batch.reason)


def _require_approvable(batch: DebitBatch, operator: str) -> None:
    if batch.state not in _RELEASABLE:
        raise _ended(batch)
    if not batch.proposed_by:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"nobody has proposed to release debit batch {batch.batch_no:012d}: "
            f"fep debit release {batch.batch_no:012d} first",
            zh=f"代扣批次 {batch.batch_no:012d} 尚未提请释放: 请先执行 fep debit release {batch.batch_no:012d}",
        )
    if batch.proposed_by == operator:
        raise CommandFailed(
            EXIT_BAD_INPUT,
            en=f"{operator} has proposed to release debit batch {batch.batch_no:012d}: another operator approves it",
            zh=f"代扣批次 {batch.batch_no:012d} 的释放由 {operator} 提请: 须由另一操作员复核",
        )


def _freed(site: BankSite, place: int, batch: DebitBatch) -> int:
    """Set free what the batch still holds in one database, some hundred accounts at a time."""
    count, after = 0, ""
    with site.working(place) as works:
        while True:
            with snapshot(site.databases[place]) as reading:
                page = listed_accounts(reading, batch.batch_no, after, JOB_ACCOUNTS_MAX)
            if not page:
                return count
            asked = [
                (
                    debit_release.needs(batch.bank_code, account_no, batch.batch_no),
                    partial(debit_release.decide, batch.batch_no, account_no),
                )
                for account_no in page
            ]
            count += sum(run_works(works, asked))
            after = page[-1]


def _ended(batch: DebitBatch) -> CommandFailed:
    is_back = batch.state is BatchState.BACK
    return CommandFailed(
        EXIT_BAD_INPUT,
        en=f"debit batch {batch.batch_no:012d} {'has come back' if is_back else 'is released already'}: "
        "it holds no bill",
        zh=f"代扣批次 {batch.batch_no:012d} {'已回盘' if is_back else '已释放'}, 不再占用应收",
    )
