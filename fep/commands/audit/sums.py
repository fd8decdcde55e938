"""``fep audit sums`` 账务核查: whether balances, bills, payments, days and batches agree with each other."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from dbgate.audits.checks import Finding
from dbgate.audits.every_check import NAMES, findings
from fep.command_line import Day, command, config_option, option
from fep.commands.audit.words import CHECKS, amount
from fep.commands.reports.options import output_options, today
from fep.commands.reports.sources import Sources, open_sources
from fep.exits import EXIT_DONE, EXIT_FINDINGS
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs
from fep.progress import Waiting

IDENTITY_DAYS = 7
"""Bank dates of the last days are compared between databases: a job that runs each night sees each of them often."""

_FINDINGS = (
    Column(Text("check", "核查项")),
    Column(Text("what does not agree", "不符内容")),
    Column(Text("number", "编号")),
    Column(Text("stored", "账面")),
    Column(Text("should be", "应为")),
)
_CHECKS = (
    Column(Text("check", "核查项")),
    Column(Text("what is looked for", "内容")),
    Column(Text("findings", "不符"), Kind.COUNT),
)


@command(
    "sums",
    en="""Check that the books agree with themselves; exit code 1 when they do not.

The movements of each account add up to its balance; what a payment settled and left over is its amount, and its
allocations are what it settled; each settled bill has one standing movement and the other way round; what was undone
has the row that undid it; each day stands among its bank's days, and they add up to all there is; reconciled days are
as they were; debit batches are what their rows are; with several databases, no identity stands in two of them.

Every row of the databases is read. Nothing is changed, and nothing that the daemons do makes a finding: rows were
changed or lost by something else. docs/audit-jobs.md has what each finding means.""",
    zh="""核查账务是否相符; 有不符时退出码为 1。

每户流水之和等于余额; 交费金额等于销账加预存, 明细与销账一致; 每笔已收应收对应一笔有效流水, 反之亦然;
被冲销的交费有冲销流水; 流水均在银行的清算日内, 各日之和等于全部; 已对账的日期未变; 代扣批次与明细一致;
多数据库时, 同一交易标识不在两个库中。

读取数据库的所有行, 不作任何更改。前置机自身的处理不会造成不符: 有不符说明数据被其他程序改动或丢失。各项含义见
docs/audit-jobs.zh-CN.md。""",
)
@config_option
@option(
    "--since",
    "since",
    type=Day(),
    metavar="DATE",
    en="Compare identities between databases from this bank date on; the last week when not given.",
    zh="多数据库间从此银行日期起比较交易标识; 缺省为最近一周。",
)
@output_options
def sums(config_path: Path, since: date | None, outputs: Outputs) -> int:
    """Show the findings, then how many each check had."""
    with open_sources(config_path) as sources, outputs:
        return show_sums(sources, since, outputs)


def show_sums(sources: Sources, since: date | None, outputs: Outputs) -> int:
    """Make all checks, show what they find, and return the exit code."""
    counts: Counter[str] = Counter(dict.fromkeys(NAMES, 0))
    found = findings(sources.snapshots, since or today() - timedelta(days=IDENTITY_DAYS))
    title, tab = Text("What does not agree", "不符"), Text("findings", "不符")
    outputs.show(Listing("findings", title, tab, _FINDINGS, _rows(found, counts), is_list=True))
    rows = [[name, CHECKS[name].text, count] for name, count in counts.items()]
    outputs.show(Listing("checks", Text("Checks", "核查项"), Text("checks", "核查项"), _CHECKS, rows))
    return EXIT_FINDINGS if counts.total() else EXIT_DONE


def _rows(found: Iterator[Finding], counts: Counter[str]) -> Iterator[list[object]]:
    with Waiting(say(en="adding up", zh="核查中")):  # it ends with the rows, before a terminal is drawn on
        for one in found:
            counts[one.check] += 1
            words = CHECKS[one.check]
            yield [one.check, words.text, one.subject, amount(words, one.stored), amount(words, one.expected)]
