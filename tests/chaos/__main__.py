"""``scripts/chaos``: one long run from the command line. 命令行"""

import signal
import sys
from pathlib import Path

import click

from fep.command_line import Choice, WholeNumber, command, option, usage_message
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_DONE, EXIT_FINDINGS
from fep.language import say
from tests.chaos.campaign import Options, Verdict, run
from tests.chaos.wrecker import Struck
from tests.support.postgresql_server import binaries, why_missing

_SHOWN_MAX = 20  # findings; one fault of the product may break an invariant of each request


@command(
    "chaos",
    en="Let banks pay, cancel, reverse and repeat while daemons and the database are killed; then prove that every"
    " payment happened exactly once.\n\nThe seed fixes what each bank means to do and when what is struck; the"
    " interleaving is the machine's.",
    zh="各银行交费、撤销、冲正、重发的同时反复杀死守护进程和数据库, 然后证明每笔交费恰好入账一次。\n\n"
    "种子决定各银行的操作计划以及故障的时刻和对象; 并发交错取决于机器。",
)
@option("--seed", type=WholeNumber(0, 10**9), default=1, en="Seed of the plan (default 1).", zh="计划的种子 (缺省 1)。")
@option(
    "--seconds",
    type=WholeNumber(5, 86_400),
    default=60,
    en="How long the banks work (default 60).",
    zh="运行秒数 (缺省 60)。",
)
@option(
    "--connections", type=WholeNumber(1, 500), default=64, en="Connections (default 64).", zh="银行连接数 (缺省 64)。"
)
@option("--accounts", type=WholeNumber(1, 100_000), default=500, en="Accounts (default 500).", zh="户数 (缺省 500)。")
@option(
    "--database",
    type=Choice("postgresql", "sqlite"),
    default="postgresql",
    en="Engine (default postgresql).",
    zh="数据库引擎 (缺省 postgresql)。",
)
@option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    en="Write the banks' journal and all logs there.",
    zh="将银行端流水和全部日志写入此目录。",
)
def chaos(seed: int, seconds: int, connections: int, accounts: int, database: str, evidence: Path | None) -> int:
    """Carry out one run and print what it found."""
    if database == "postgresql" and binaries() is None:
        click.echo(why_missing(), err=True)
        return EXIT_CANNOT_RUN
    options = Options(seed, float(seconds), connections, accounts, database, evidence)
    verdict = run(options, lambda line: print(line, flush=True))
    _summarise(verdict)
    if not verdict.findings:
        print(say(en=f"every invariant holds (seed {seed})", zh=f"全部不变量成立 (种子 {seed})"))
        return EXIT_DONE
    for finding in verdict.findings[:_SHOWN_MAX]:
        print("\n".join(finding.lines()))
    count, again = len(verdict.findings), " ".join(sys.argv[1:])
    print(say(en=f"{count} findings, seed {seed}", zh=f"发现 {count} 处违反, 种子 {seed}"))
    print(say(en=f"again: scripts/chaos {again}", zh=f"重跑: scripts/chaos {again}"))
    return EXIT_FINDINGS


def _summarise(verdict: Verdict) -> None:
    ended = verdict.journal.ended
    approved = sum(sending.approved for sending in ended)
    rows = [
        ("requests", "请求", f"{len(ended):,}"),
        ("approved", "成功", f"{approved:,}"),
        ("unknown, then resolved", "结果未知后查明", f"{verdict.resolved:,}"),
        ("longest time without an approval", "最长无成功应答", f"{verdict.longest_silence_s:.1f} s"),
    ]
    for en, zh, value in rows:
        print(f"{say(en=en, zh=zh)}: {value}")
    for struck in verdict.struck:
        print(f"  {_healing(struck)}")


def _healing(struck: Struck) -> str:
    blow = struck.strike.blow.value
    down_s = (struck.righted_s or struck.at_s) - struck.at_s
    if struck.healed_s is None:
        return say(en=f"{blow}: never healed", zh=f"{blow}: 未恢复")
    healed_s = struck.healed_s - struck.at_s
    return say(
        en=f"{blow}: down {down_s:.1f} s, healed after {healed_s:.1f} s",
        zh=f"{blow}: 停止 {down_s:.1f} 秒, {healed_s:.1f} 秒后恢复",
    )


def main() -> int:
    """Run the command and return its exit code; whatever ends it, what it has started ends too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(chaos(standalone_mode=False))
    except click.UsageError as error:
        print(usage_message(error), file=sys.stderr)
        return EXIT_BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        print(say(en="broken off", zh="已中断"), file=sys.stderr)
        return EXIT_CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
