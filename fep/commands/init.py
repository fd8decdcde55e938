"""``fep init`` 初始化: a directory from which the daemon can run."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fep.command_line import WholeNumber, command, option
from fep.exits import EXIT_DONE
from fep.invocation import shell_command
from fep.language import say

if TYPE_CHECKING:
    from fep.config.settings import BankSettings
    from protocol.dialect import Dialect

_DEFAULT_PORT = 9700
_DEFAULT_ACCOUNTS = 1000
_DEFAULT_SEED = 1


@command(
    "init",
    en="Make a directory with configuration, key store and database.\n\n"
    "DIR must be new or empty. --demo adds five banks on 127.0.0.1 and accounts with bills.",
    zh="建立运行目录: 配置、密钥库和数据库。\n\n目录须不存在或为空。--demo 另建五家演示银行和演示户。",
)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@option("--demo", is_flag=True, en="Add demo banks, accounts and bills.", zh="建立演示银行、演示户和应收。")
@option(
    "--accounts",
    type=WholeNumber(1, 10_000_000),
    metavar="N",
    en="Number of demo accounts (default 1000).",
    zh="演示户数 (缺省 1000)。",
)
@option(
    "--seed",
    type=WholeNumber(0, 2**63 - 1),
    metavar="S",
    en="Seed of the demo data: the same seed, the same data (default 1).",
    zh="演示数据的种子, 相同种子得相同数据 (缺省 1)。",
)
@option(
    "--dialect",
    "dialects",
    multiple=True,
    metavar="NAME",
    en="Add a demo bank that speaks this message format (docs/dialects.md), on a port of its own; may be repeated.",
    zh="另建一家使用该报文格式 (见 docs/dialects.zh-CN.md) 的演示银行, 端口另计; 可重复给出。",
)
@option(
    "--port",
    type=WholeNumber(0, 65_535),
    default=_DEFAULT_PORT,
    metavar="P",
    en="Port on 127.0.0.1 (default 9700).",
    zh="127.0.0.1 上的端口 (缺省 9700)。",
)
@option(
    "--database",
    "database_url",
    metavar="URL",
    en="Billing database (default: an SQLite file in DIR); a password goes into DIR/database.secret.",
    zh="营业数据库 (缺省为目录中的 SQLite 文件); 密码存入 DIR/database.secret。",
)
@option(
    "--master-key",
    metavar="REF",
    default="",
    en="Reference to a master key that exists: file:PATH, env:NAME, credential:NAME, pkcs11:…",
    zh="已有主密钥的引用: file:路径, env:变量名, credential:凭据名, pkcs11:…。",
)
def init(
    directory: Path,
    demo: bool,
    accounts: int | None,
    seed: int | None,
    dialects: tuple[str, ...],
    port: int,
    database_url: str | None,
    master_key: str,
) -> int:
    """Make the directory and say what was made."""
    if not demo and (accounts is not None or seed is not None or dialects):
        raise click.UsageError(
            say(
                en="--accounts, --seed and --dialect go with --demo",
                zh="--accounts、--seed 和 --dialect 须与 --demo 同用",
            )
        )
    from fep.config.initialise import CONFIG_FILE, Demo, Plan, initialise
    from fep.config.settings import Address
    from fep.config.template_files import DATABASE_URL

    data = Demo(
        _DEFAULT_ACCOUNTS if accounts is None else accounts,
        _DEFAULT_SEED if seed is None else seed,
        tuple(_dialect(name) for name in dict.fromkeys(dialects)),
    )
    plan = Plan(
        directory=directory,
        address=Address("127.0.0.1", port),
        database_url=DATABASE_URL if database_url is None else database_url,
        master_key=master_key,
        demo=data if demo else None,
    )
    settings = initialise(plan)
    banks = ", ".join(map(_shown, settings.banks.values()))
    if demo:
        click.echo(
            say(en=f"{data.accounts} demo accounts; banks: {banks}", zh=f"演示户 {data.accounts}; 银行: {banks}")
        )
    config = directory / CONFIG_FILE
    start = shell_command("run", "--config", config)
    click.echo(say(en=f"made {config}; next: {start}", zh=f"已建立 {config}; 启动: {start}"))
    return EXIT_DONE


def _dialect(name: str) -> "Dialect":
    """Return the dialect that is called so; the default one has its demo banks already."""
    from protocol.dialects.registry import DEFAULT, DIALECTS

    dialect = DIALECTS.get(name)
    if dialect is None or dialect is DEFAULT:
        names = ", ".join(each for each in DIALECTS if each != DEFAULT.name)
        raise click.UsageError(
            say(en=f"--dialect {name}: must be one of {names}", zh=f"--dialect {name}: 须为 {names}")
        )
    return dialect


def _shown(bank: "BankSettings") -> str:
    """Return what protects the bank's link, and its format when that is another than most have."""
    from protocol.dialects.registry import DEFAULT

    suite = bank.suite.name if bank.session.has_mac else ""
    dialect = bank.dialect.name if bank.dialect is not DEFAULT else ""
    return " ".join(filter(None, (bank.bank_code, dialect, suite)))
