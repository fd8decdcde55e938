"""What the utility's people do on the canary site: every command, with good input and with bad. 运维各路径"""

import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.daemon import ROOT, environment
from tests.support.debit_files import Answer, debit_list, debited, mandate_file, result_file
from tests.support.raw_bank import RawBank, new_serial, today
from tests.system import messages, transfer
from tests.system.billing import ACCOUNT_COLUMNS, BILL_COLUMNS, Account
from tests.system.canary import links, secrets
from tests.system.canary.links import card_paid
from tests.system.canary.site import DATABASE, FAULTS, ROLE, CanarySite, component_files, key_words, private_file
from tests.system.checks import clearing_date

BANK = "0102"
WORKS, REFUSES = (0, 1), (2, 3)
"""Exit codes of commands that have done something, and of those that would not."""
ACTED_ON = 3
"""Differences that are worked: of each class that a bank's file has here."""


def run(site: CanarySite, path: str, codes: Sequence[int], *words: str | Path, typed: str = "") -> str:
    """Run a command, in English, which must end with one of the codes; return what it printed."""
    ended = site.fep(path, *words, "--lang", "en", typed=typed)
    assert ended.code in codes, (words, ended)
    return ended.output.decode()


# --- files and debits


def files_and_debits(site: CanarySite) -> tuple[list[Account], Account]:
    """Mandates come and are refused, a list goes out and comes back with bad rows; return accounts with mandates."""
    accounts, other = [site.take("empty") for _ in range(3)], site.take("empty")
    listed = [site.take("future") for _ in range(3)]
    bank = site.bank(BANK)
    day = int(f"{today():%Y%m%d}")
    rows = [(each.account_no, each.name, each.passbook, 1) for each in (*accounts, *listed)]
    strange = [
        (listed[0].account_no, secrets.OF_THE_BANKS, listed[0].passbook, 1),
        (secrets.BAD_ACCOUNT, secrets.OF_THE_BANKS, secrets.BAD_PASSBOOK, 1),
        (secrets.UNKNOWN_ACCOUNT, secrets.NAME, secrets.UNKNOWN_PASSBOOK, 2),
    ]
    with site.logging("files: of the bank"):
        transfer.put(bank, f"WT{BANK}{day}.txt", mandate_file(BANK, day, [*rows, *strange]))
        for bad in _bad_files(bank, rows):
            site.keep("files: what a bank is told", bad.encode())
    run(site, "fep debit mandates", WORKS, "debit", "mandates", "--bank", BANK)
    with _file_of_others(site, f"WT{BANK}{day + 1}.txt", _spoiled(mandate_file(BANK, day + 1, rows))):
        run(site, "fep debit mandates", REFUSES, "debit", "mandates", "--bank", BANK, "--date", _iso(day + 1))
    _give_mandate(site, other)
    _debit_batch(site, bank, listed)
    site.hang_up()
    return accounts, other


def _bad_files(bank: RawBank, rows: Sequence[tuple[str, str, str, int]]) -> Iterator[str]:
    """Put files that are refused, each with another fault in a row."""
    day = int(f"{today():%Y%m%d}") + 2
    good = mandate_file(BANK, day, rows)
    for bad in (
        _spoiled(good),
        mandate_file(BANK, day, [(number, name, passbook, 7) for number, name, passbook, _ in rows]),
        good.replace(secrets.NAME.encode("gb18030")[:2], b"\xff\xff", 1),
    ):
        yield transfer.refused(bank, f"WT{BANK}{day}.txt", bad)


def _spoiled(data: bytes) -> bytes:
    """Return a file whose tail does not fit its rows."""
    return data.replace(b"D", b"d", 1)


def _iso(day: int) -> str:
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"


@contextmanager
def _file_of_others(site: CanarySite, name: str, data: bytes) -> Iterator[Path]:
    """Let a file stand in the bank's folder as if somebody had copied it there."""
    path = site.directory / "files" / BANK / "in" / name
    path.write_bytes(data)
    yield path
    path.unlink()


def _give_mandate(site: CanarySite, account: Account) -> None:
    """Store a mandate of the bank of ELEC02."""
    from tests.system import pushing
    from tests.system.database import execute

    execute(
        site.directory,
        "INSERT INTO mandates (account_no, bank_code, name, passbook, state, file_date, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(account.account_no, "0401", account.name, account.passbook, "active", 20261101, 20261101000000000),
    )
    assert pushing.BANK == BANK


def _debit_batch(site: CanarySite, bank: RawBank, accounts: Sequence[Account]) -> None:
    month = accounts[0].bills[0].month
    run(site, "fep debit export", WORKS, "debit", "export", "--bank", BANK, "--month", month)
    name = f"{BANK}{month}01.txt"
    listed = debit_list((site.directory / "files" / BANK / "out" / f"DK{name}").read_bytes())
    day = int(f"{today():%Y%m%d}")
    answers = [debited(row, day, new_serial(), row.due_fen + at) for at, row in enumerate(listed.rows[:-1])]
    good = result_file(listed, [*answers, Answer("01")])
    with site.logging("files: result of a batch", lines=1):
        for bad in (
            _spoiled(good),
            good.replace(secrets.NAME.encode("gb18030"), secrets.OF_THE_BANKS.encode("gb18030")),
        ):
            path = site.directory / "files" / BANK / "in" / f"DKR{name}"
            path.write_bytes(bad)
            run(site, "fep debit import", REFUSES, "debit", "import", "--bank", BANK)
            path.unlink()
        transfer.put(bank, f"DKR{name}", good)
    run(site, "fep debit import", WORKS, "debit", "import", "--bank", BANK)
    run(site, "fep debit list", WORKS, "debit", "list", "--bank", BANK)
    run(site, "fep debit show", WORKS, "debit", "show", str(listed.batch_no))
    run(site, "fep debit release", REFUSES, "debit", "release", str(listed.batch_no), "--reason", "x")


# --- a day, and what is reported of it


def a_day(site: CanarySite) -> None:
    """A day is closed and reconciled, with differences of every kind, and reported."""
    account, other = site.take("future"), site.take("future")
    bank, serial, day = site.bank(BANK), new_serial(), clearing_date()
    assert bank.request(messages.PAY, card_paid(account, account.payable), serial=serial).code == "0000"
    run(site, "fep day close", (0, 1, 2), "day", "close", "--bank", BANK, "--date", _iso(int(day)))
    rows = [
        f"D{day}{serial:012d}{account.account_no:<16}{messages.PAY}{account.payable + 1:016d}1",
        f"D{day}{new_serial():012d}{other.account_no:<16}{messages.PAY}{700:016d}1",
        f"D{day}{new_serial():012d}{secrets.UNKNOWN_ACCOUNT:<16}{messages.PAY}{900:016d}1",
    ]
    total = account.payable + 1 + 700 + 900
    good = transfer.sealed([f"H{BANK}{day}{len(rows):08d}{total:016d}".encode(), *(row.encode() for row in rows)])
    name = f"DZ{BANK}{day}.txt"
    with site.logging("files: of a day"):
        site.keep("files: what a bank is told", transfer.refused(bank, name, _spoiled(good)).encode())
        transfer.put(bank, name, good)
    with _file_of_others(site, f"DZ{BANK}19990101.txt", _spoiled(good)) as path:
        run(site, "fep recon run", REFUSES, "recon", "run", "--date", _iso(int(day)), "--bank", BANK, "--file", path)
    run(site, "fep recon run", WORKS, "recon", "run", "--date", _iso(int(day)), "--bank", BANK)
    listed = run(site, "fep recon list", WORKS, "recon", "list")
    numbers = [line.split("\t")[0] for line in listed.splitlines()[1:] if line[:1].isdigit()]
    assert len(numbers) >= 3, listed
    for number in numbers[:ACTED_ON]:
        run(site, "fep recon show", WORKS, "recon", "show", number)
        for act in ("post", "refund", "undo", "claim", "close"):
            site.fep(f"fep recon {act}", "recon", act, number, "--reason", "已与银行核实")
        for act, words in (("approve", []), ("reject", ["--reason", "不同意"])):
            site.fep(f"fep recon {act}", "recon", act, number, *words)
    site.hang_up()


def reports(site: CanarySite) -> None:
    """Every report, on the screen as it is by default."""
    day, month = f"{today()}", f"{today():%Y-%m}"
    reported: dict[str, list[str]] = {
        "report day": ["--date", day],
        "report month": ["--date", month, "--detail"],
        "report arrears": ["--list"],
        "report statistics": ["--by", "bank,teller,branch"],
        "report doubtful": ["--cash-limit", "0.01", "--undo-count", "1"],
        "audit list": ["--date", day, "--verify"],
        "audit sums": [],
        "push list": [],
        "day list": [],
        "balances apply": [],
        "db upgrade": [],
        "check-config": [],
    }
    for name, words in reported.items():
        run(site, f"fep {name}", WORKS, *name.split(), *words)
    on_a_terminal(site, "audit", "list", "--date", day)


def on_a_terminal(site: CanarySite, *words: str) -> None:
    """Run a command at a terminal, where its table is drawn."""
    script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    command = [sys.executable, "-c", script, sys.executable, "-m", "fep", *words, "--config", str(site.config)]
    shown = {**environment(), "TERM": "xterm", "COLUMNS": "150", "FEP_LANG": "zh"}
    ended = subprocess.run(
        command, cwd=ROOT, env=shown, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    )
    site.keep("tables on a terminal", ended.stdout + ended.stderr)


# --- at the running daemon


def at_the_daemon(site: CanarySite) -> None:
    """Status, links, metrics, and frames that are watched."""
    bank = site.bank(BANK, encrypted=True)
    for name, words in (
        ("status", ["status"]),
        ("status", ["status", "--json"]),
        ("links", ["links"]),
        ("links", ["links", "--json"]),
    ):
        run(site, f"fep {name}", WORKS, *words)
    for page in ("metrics", "ready", "health"):
        with urllib.request.urlopen(f"http://127.0.0.1:{site.metrics_port}/{page}", timeout=10) as answer:
            site.keep(f"/{page}", answer.read())
    tails = [_tail(site, *words) for words in ((), ("--json",))]
    with site.logging("frames are watched"):
        account = site.take("future")
        assert bank.request(messages.QUERY, messages.query(account.account_no)).code == "0000"
        assert bank.request(messages.QUERY, messages.query(account.passbook, 3)).code == "0000"
        assert bank.request(messages.PAY, card_paid(account, account.payable)).code == "0000"
        bank.request(messages.PAYMENTS, messages.records(account.account_no))
        bank.request(messages.QUERY, messages.query(site.broken["showing"].account_no))
    for tail in tails:
        assert tail.stdout is not None
        printed = b"".join(tail.stdout.readline() for _ in range(8))
        tail.send_signal(signal.SIGINT)
        site.keep("fep tail", printed + tail.communicate(timeout=30)[0])
    run(site, "fep bank suspend", WORKS, "bank", "suspend", "0104", "--reason", "线路检修")
    run(site, "fep bank resume", WORKS, "bank", "resume", "0104")
    run(site, "fep link close", REFUSES, "link", "close", "999999")
    run(site, "fep partner notify", REFUSES, "partner", "notify", "nothing.txt", "--bank", "0401")
    site.hang_up()


def _tail(site: CanarySite, *words: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "fep", "tail", "--bank", BANK, "--config", str(site.config), *words]
    tail = subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert tail.stderr is not None
    tail.stderr.readline()
    return tail


# --- keys


def keys(site: CanarySite) -> None:
    """Every act with keys, and keys that are wrong in every way."""
    folder = site.folder
    run(site, "fep keys list", WORKS, "keys", "list", "--all")
    words = key_words(folder, secrets.NEW_AK, secrets.NEW_KEK)
    _proposed(site, words)
    assert site.fep("fep keys import", "keys", "import", "0102", *words).code == 0
    kbpk = [word for path in component_files(folder, secrets.KBPK) for word in ("--kbpk-file", str(path))]
    exported = site.fep("fep keys export", "keys", "export", "0102", "2", "--block-version", "B", *kbpk)
    assert exported.code == 0, exported
    blocks = private_file(folder / "blocks", "\n".join(_blocks(exported.output.decode())))
    site.fep("fep keys import", "keys", "import", "0104", "--blocks", blocks, *kbpk)
    assert site.fep("fep keys activate", "keys", "activate", "0102", "2").code == 0
    assert site.fep("fep keys retire", "keys", "retire", "0102", "2", "--yes").code in (0, 2)
    for bad, content in {
        "short": secrets.REFUSED_KEY.hex(),
        "long": secrets.REFUSED_KEY.hex() * 3,
        "no hex": f"zz{secrets.REFUSED_KEY.hex()}",
        "halves": (secrets.REFUSED_KEY[:8] * 2).hex(),
        "words": f"AK = {secrets.REFUSED_KEY.hex().upper()}",
    }.items():
        path = private_file(folder / bad, content)
        run(
            site,
            "fep keys import: wrong keys",
            REFUSES,
            "keys",
            "import",
            "0105",
            "--ak-file",
            path,
            "--kek-file",
            path,
        )
        kcv = site.fep("fep keys kcv", "keys", "kcv", "--key-file", path, config=False)
        assert kcv.code in REFUSES
        site.fep("fep keys import: wrong keys", "keys", "import", "0105", "--blocks", path, *kbpk)
        site.fep("fep keys import: typed", "keys", "import", "0105", typed=f"{content}\n{content}\n")
    run(site, "fep keys journal", WORKS, "keys", "journal")
    run(site, "fep keys list", WORKS, "keys", "list", "--all")
    site.fep("fep keys reseal", "keys", "reseal", f"file:{folder / 'short'}")


def _proposed(site: CanarySite, words: Sequence[str | Path]) -> None:
    """Keys are proposed, which nobody may approve himself, and rejected."""
    site.daemon.configure("keys", four_eyes=True)
    assert site.fep("fep keys import", "keys", "import", "0102", *words).code == 0
    run(site, "fep keys proposals", WORKS, "keys", "proposals")
    run(site, "fep keys approve", REFUSES, "keys", "approve", "1")
    run(site, "fep keys reject", WORKS, "keys", "reject", "1", "--reason", "不同意")
    site.daemon.configure("keys", four_eyes=False)


def _blocks(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if line[:1] in {"B", "D"} and len(line) > 60]


# --- configuration


def wrong_configurations(site: CanarySite) -> None:
    """Secrets stand where they may not, in files and on the command line."""
    text = site.config.read_text(encoding="utf-8")
    hexed, quoted = secrets.MASTER_KEY.hex(), secrets.quote(secrets.PASSWORD, safe="")
    url = next(line for line in text.splitlines() if line.startswith("url"))
    reference = next(line for line in text.splitlines() if line.startswith("master_key"))
    inline = f'url = "postgresql+psycopg://canary:{quoted}@127.0.0.1:1/none"'
    spoilt = {
        "the key itself": text.replace(reference, f'master_key = "{hexed}"'),
        "the key as a path": text.replace(reference, f'master_key = "file:{hexed}"'),
        "the key as a name": text.replace(reference, f'master_key = "env:{hexed}"'),
        "the key as a number": text.replace(reference, f"master_key = 0x{hexed}"),
        "the key without quotes": text.replace(reference, f"master_key = file:{hexed}"),
        "the key in a table": text.replace(reference, f'{reference}\nmaster = "{hexed}"'),
        "the key as a key": text.replace(reference, f'{reference}\n{hexed} = "x"'),
        "a password in the URL": text.replace(url, inline),
        "a broken URL": text.replace(url, inline.replace("@", "").replace("+psycopg", "+nothing")),
        "the password itself": text.replace(url, f'{url}\npassword = "{secrets.PASSWORD}"'),
        "the password as a path": text.replace(url, f'{url}\npassword = "file:{secrets.PASSWORD}"'),
    }
    folder = site.folder / "wrong"
    for name, content in spoilt.items():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(site.directory / "banks", folder / "banks")
        private_file(folder / "fep.toml", content)
        for command in ("check-config", "run"):
            ended = site.fep(f"wrong configuration: {name}", command, "--config", folder / "fep.toml", config=False)
            assert ended.code, (name, command, ended)
    (bank,) = (folder / "banks").glob("0102*")
    private_file(folder / "fep.toml", text)
    bank_text = bank.read_text(encoding="utf-8")
    for line in (f'ak = "{secrets.AK.key.hex()}"', f"kek = {secrets.KEK.key.hex()}x", f"{secrets.KEK.key.hex()} = 1"):
        bank.write_text(f"{line}\n{bank_text}", encoding="utf-8")
        ended = site.fep("wrong configuration: a bank", "check-config", "--config", folder / "fep.toml", config=False)
        assert ended.code in REFUSES
        _refused_reload(site, f"{line}\n{bank_text}")
    for words in (
        ["keys", "import", "0102", secrets.AK.key.hex()],
        ["keys", "import", "0102", "--ak", secrets.AK.key.hex()],
        ["keys", "import", "0102", f"--ak-file={secrets.AK.key.hex()}"],
        ["init", str(folder / "new"), "--master-key", hexed],
        ["init", str(folder / "new"), "--database", f"postgresql+psycopg://canary:{quoted}@127.0.0.1:1/none"],
        ["init", str(folder / "new"), "--database", f"nothing://canary:{quoted}@127.0.0.1:1/none"],
    ):
        assert site.fep("wrong command lines", *words, config=False).code in REFUSES
    for words in (["--help"], ["keys", "import", "--help"], ["report", "arrears", "--help"]):
        assert site.fep("--help", *words, config=False).code == 0


def _refused_reload(site: CanarySite, bank_text: str) -> None:
    """Let a running daemon read a bank's file with a secret in it, and once more the right one."""
    path = site.directory / "banks" / "0102_bank.toml"
    good = path.read_text(encoding="utf-8")
    with site.logging("reload"):
        path.write_text(bank_text, encoding="utf-8")
        _reload(site, "reload_refused")
        path.write_text(good, encoding="utf-8")
        _reload(site, "reloaded")


def _reload(site: CanarySite, event: str) -> None:
    mark = site.daemon.mark()
    site.daemon.signal(signal.SIGHUP)
    site.daemon.wait_for_event(lambda line: line["event"] == event, mark, timeout_s=15.0)


def wrong_issues(site: CanarySite) -> None:
    """Files of the utility with bad rows: each column is wrong once in each way."""
    account, other = secrets.BOOKS.accounts["owing"][:2]
    row = [str(getattr(account, name)) for name in ACCOUNT_COLUMNS.split(",")]
    strange = (f"{account.name}{account.passbook}" * 8, "", f"x{other.account_no}", f"{other.passbook}\udcff")
    for wrong in strange:
        _load(site, "fep load: bad accounts", ACCOUNT_COLUMNS, _spoilt_once(row, wrong))
    bill = account.bills[0]
    row = [bill.bill_no, account.account_no, bill.month, "1", "1", "0", "1", "100", f"{bill.due:%Y%m%d}"]
    for wrong in (secrets.UNKNOWN_ACCOUNT, f"{account.name}{secrets.UNKNOWN_PASSBOOK}", "-1"):
        _load(site, "fep load: bad bills", BILL_COLUMNS, _spoilt_once(row, wrong))
    _load(site, "fep load: no issue", f"{account.name},{account.account_no}", [row])


def _spoilt_once(row: Sequence[str], wrong: str) -> list[list[str]]:
    return [[*row[:at], wrong, *row[at + 1 :]] for at in range(len(row))]


def _load(site: CanarySite, path: str, head: str, rows: Sequence[Sequence[str]]) -> None:
    file = site.folder / "wrong.csv"
    lines = "\n".join([head, *map(",".join, rows), *map(",".join, rows)])
    file.write_text(f"{lines}\n", encoding="utf-8", errors="surrogateescape")
    for language in ("zh", "en"):
        assert site.fep(path, "load", file, "--lang", language).code in REFUSES


# --- the end


def without_database(site: CanarySite) -> None:
    """The database goes away under everybody; then its password is another."""
    account = site.take("future")
    with site.logging("the database is away", lines=2):
        bank = site.bank(BANK)
        site.ask_database(f"ALTER DATABASE {DATABASE} WITH CONNECTION LIMIT 0")
        site.ask_database(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'")
        assert bank.request(messages.PAY, card_paid(account, account.payable)).code == "9001"
        assert bank.request(messages.QUERY, messages.query(account.account_no)).code == "9001"
    commands: list[list[str | Path]] = [
        ["report", "day"],
        ["check-config"],
        ["audit", "sums"],
        ["load", site.folder / "bills.csv"],
    ]
    for words in commands:
        assert site.fep("commands without a database", *words).code
    site.ask_database(f"ALTER DATABASE {DATABASE} WITH CONNECTION LIMIT -1")
    site.ask_database(f"ALTER ROLE {ROLE} PASSWORD 'another'")
    for words in commands:
        assert site.fep("commands with a wrong password", *words).code
    site.hang_up()


def bugs_of_commands(site: CanarySite) -> None:
    """A command of ours breaks, with a customer in its exception's words."""
    words = f"cannot show {secrets.NAME} {secrets.UNKNOWN_ACCOUNT} {secrets.UNKNOWN_PASSBOOK}"
    for command in (["report", "day"], ["recon", "list"]):
        assert site.fep("a command has a bug", *command, bug=words).code == 3


def in_colours(site: CanarySite) -> None:
    """A second daemon, whose log is for people, meets the same."""
    site.daemon.configure("log", format="console")
    site.daemon.start()
    with site.logging("console: served and malformed"):
        links.malformed(site, BANK, encrypted=True)
    for fault in FAULTS:
        with site.logging("console: bugs"):
            site.bank(BANK).request(messages.QUERY, messages.query(site.broken[fault].account_no))
    site.hang_up()


def killed(site: CanarySite) -> None:
    """The daemon is told to write its memory to the disk, and does not."""
    limits = Path(f"/proc/{site.daemon.pid}/limits").read_text(encoding="ascii")
    (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"], core
    assert site.fep("fep keys remove", "keys", "remove", "0403", "--yes").code in (0, 2)
    site.daemon.signal(signal.SIGQUIT)
    assert site.daemon.wait() == -signal.SIGQUIT
    assert [path for path in (*site.directory.iterdir(), *ROOT.glob("core*")) if path.name.startswith("core")] == []


def stopped(site: CanarySite) -> None:
    """The daemon drains and ends."""
    with site.logging("start and stop"):
        site.daemon.signal(signal.SIGTERM)
        assert site.daemon.wait() == 0
