"""``scripts/soak``: one run from the command line. 命令行"""

import os
import signal
import sys
import tempfile
from pathlib import Path

import click

from fep.command_line import Choice, WholeNumber, command, option, usage_message
from fep.exits import EXIT_BAD_INPUT, EXIT_CANNOT_RUN, EXIT_DONE, EXIT_FINDINGS
from fep.language import say
from tests.soak import scaled_clock
from tests.soak.campaign import Options, Run, run
from tests.soak.site import BANKS
from tests.support.postgresql_server import binaries, why_missing

_SHOWN_MAX = 40


@command(
    "soak",
    en="Let a week pass in an hour: banks of every format come, work and go, keys change, configuration is read again,"
    " days end and are reconciled. Every request is answered, the books agree with the banks, and memory,"
    " descriptors and threads of the daemons stay flat.\n\nExit code 1 when anything was found.",
    zh="一小时模拟一周: 各种格式的银行接入、交易、断开, 更换密钥, 重读配置, 日切并对账。"
    "每笔请求均有应答, 账务与银行一致, 守护进程的内存、描述符和线程数保持平稳。\n\n发现问题时退出码为 1。",
)
@option("--minutes", type=WholeNumber(1, 100_000), default=60, en="How long (default 60).", zh="运行分钟数 (缺省 60)。")
@option("--seconds", type=WholeNumber(5, 86_400), default=None, en="Instead of minutes.", zh="代替分钟数。")
@option("--days", type=WholeNumber(1, 1_000), default=7, en="Days that pass (default 7).", zh="经过的日数 (缺省 7)。")
@option("--seed", type=WholeNumber(0, 10**9), default=1, en="Seed (default 1).", zh="种子 (缺省 1)。")
@option(
    "--banks",
    type=WholeNumber(1, len(BANKS)),
    default=len(BANKS),
    en=f"Banks whose clients work (default {len(BANKS)}).",
    zh=f"有客户端的银行数 (缺省 {len(BANKS)})。",
)
@option("--links", type=WholeNumber(1, 500), default=24, en="Clients (default 24).", zh="客户端数 (缺省 24)。")
@option(
    "--accounts", type=WholeNumber(100, 100_000), default=2_000, en="Accounts (default 2000).", zh="户数 (缺省 2000)。"
)
@option(
    "--database",
    type=Choice("postgresql", "sqlite"),
    default=None,
    en="Engine (default: postgresql where its programs are there).",
    zh="数据库引擎 (缺省: 有 postgresql 程序时用之)。",
)
@option(
    "--clock",
    type=Choice("scaled", "commands"),
    default=None,
    en="How days pass: by a scaled clock (needs a C compiler; the default where there is one), or by 'fep day close'.",
    zh="日期推进方式: 加速时钟 (需要 C 编译器, 有则为缺省), 或 fep day close 命令。",
)
@option(
    "--csv",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    en="Where samples are written (default: a file in the temporary folder).",
    zh="采样数据文件 (缺省在临时目录中)。",
)
def soak(
    minutes: int,
    seconds: int | None,
    days: int,
    seed: int,
    banks: int,
    links: int,
    accounts: int,
    database: str | None,
    clock: str | None,
    csv: Path | None,
) -> int:
    """Carry out one run and print what it found."""
    if database == "postgresql" and binaries() is None:
        click.echo(why_missing(), err=True)
        return EXIT_CANNOT_RUN
    if clock == "scaled" and scaled_clock.compiler() is None:
        click.echo(say(en="a scaled clock needs a C compiler (cc)", zh="加速时钟需要 C 编译器 (cc)"), err=True)
        return EXIT_CANNOT_RUN
    if not scaled_clock.is_running() and clock != "commands" and scaled_clock.compiler() is not None:
        scaled_clock.start_again_under_it(["-m", "tests.soak", *sys.argv[1:]])
    engine = database or ("sqlite" if binaries() is None else "postgresql")
    path = csv or Path(tempfile.gettempdir()) / f"fep-soak-{os.getpid()}.csv"
    options = Options(float(seconds or minutes * 60), days, seed, banks, links, accounts, engine, path)
    with tempfile.TemporaryDirectory(prefix="fep-soak-banks-") as folder:
        one = run(options, Path(folder), lambda line: print(line, flush=True))
    _summarise(one)
    if not one.findings:
        print(say(en="nothing was found", zh="未发现问题"))
        return EXIT_DONE
    for finding in one.findings[:_SHOWN_MAX]:
        print(f"! {finding}")
    print(say(en=f"{len(one.findings)} findings, seed {seed}", zh=f"发现 {len(one.findings)} 处问题, 种子 {seed}"))
    return EXIT_FINDINGS


def _summarise(one: Run) -> None:
    books, happened = one.books, one.books.happened
    rows: list[tuple[str, str, object]] = [
        ("engine", "数据库", one.options.database),
        ("requests answered", "已应答请求", f"{books.answered:,}"),
        ("requests unanswered", "无应答请求", happened["unanswered"]),
        ("slowest answer", "最慢应答", f"{books.slowest_s:.1f} s"),
        ("pushed bills debited", "划拨成功", f"{one.debited:,}"),
        ("days reconciled, rows", "对账日, 行数", f"{len(one.settled)}, {sum(one.settled.values()):,}"),
        ("samples", "采样数据", one.options.csv),
    ]
    for en, zh, value in rows:
        print(f"{say(en=en, zh=zh)}: {value}")
    print(
        say(en="happened: ", zh="发生: ") + ", ".join(f"{name} {count:,}" for name, count in sorted(happened.items()))
    )
    codes: dict[str, int] = {}
    for (_, code), count in books.codes.items():
        codes[code] = codes.get(code, 0) + count
    print(say(en="answers: ", zh="应答码: ") + ", ".join(f"{code} {count:,}" for code, count in sorted(codes.items())))
    for number, daemon in enumerate(one.site.watched, 1):
        lines = {name: count for (level, name), count in daemon.counts.items() if level not in ("info", "debug")}
        print(say(en=f"daemon {number}, warnings: ", zh=f"守护进程 {number}, 警告: ") + str(lines))
    for growth in one.growths:
        print(growth.line())


def main() -> int:
    """Run the command and return its exit code; whatever ends it, what it has started ends too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return int(soak(standalone_mode=False))
    except click.UsageError as error:
        print(usage_message(error), file=sys.stderr)
        return EXIT_BAD_INPUT
    except (KeyboardInterrupt, click.Abort):
        print(say(en="broken off", zh="已中断"), file=sys.stderr)
        return EXIT_CANNOT_RUN
    finally:
        scaled_clock.remove()


if __name__ == "__main__":
    sys.exit(main())
