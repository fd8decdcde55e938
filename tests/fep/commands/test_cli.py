"""The command line as a whole: help, mistakes and exit codes, in both languages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dbgate.errors import DatabaseUnavailable
from fep import cli
from fep.command_line import Group
from tests.fep.commands.conftest import Run
from tests.support.daemon import environment

ROOT = Path(__file__).parents[3]
COMMANDS = ("init", "run", "check-config", "load", "status", "keys", "db")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def every_command(group: Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found = [words]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found += every_command(command, (*words, name)) if isinstance(command, Group) else [(*words, name)]
    return found


@pytest.mark.parametrize("words", every_command(cli.fep), ids=" ".join)
def test_every_command_explains_itself_in_both_languages(run: Run, words: tuple[str, ...]) -> None:
    """``--help`` is English or Chinese throughout, and ends with 0."""
    english, chinese = run("--lang", "en", *words, "--help"), run("--lang", "zh", *words, "--help")
    assert (english.exit_code, chinese.exit_code) == (0, 0)
    assert "Usage: fep" in english.out
    assert not CHINESE.search(english.out)
    assert "用法: fep" in chinese.out
    explained = [line for line in chinese.out.splitlines() if re.match(r"  (--)?[a-z]", line)]
    assert explained
    assert "Show this" not in chinese.out


def test_the_help_names_every_command(run: Run) -> None:
    """Nothing has to be known beforehand."""
    shown = run("--help").out
    assert all(f"\n  {name} " in shown for name in COMMANDS)


def test_no_command_at_all_shows_the_help(run: Run) -> None:
    """And is a usage error, for a script that forgot its word."""
    outcome = run()
    assert outcome.exit_code == 2
    assert "check-config" in outcome.err


@pytest.mark.parametrize(
    ("words", "en", "zh"),
    [
        (("statsu",), "No such command 'statsu'", "没有命令 statsu; 是否指 status"),
        (("status", "--jsn"), "No such option '--jsn'", "没有选项 --jsn; 是否指 --json"),
        (("status", "more"), "unexpected argument: more", "多余的参数: more"),
        (("load",), "Missing argument 'FILES...'", "缺少"),
        (("init",), "Missing argument 'DIR'", "缺少"),
        (("init", "x", "--port", "70000"), "a whole number from 0 to 65535", "0 到 65535 的整数"),
        (("init", "x", "--port", "²"), "a whole number from 0 to 65535", "0 到 65535 的整数"),
        (("init", "x", "--port"), "requires an argument", "--port"),
        (("run", "--listen", "here"), "expected HOST:PORT, not 'here'", "应为 主机:端口"),
        (("keys", "import", "0102", "--only", "mak"), "expected one of ak, kek", "应为 ak, kek 之一"),
    ],
)
def test_a_mistake_is_said_in_the_users_language_and_ends_with_2(
    run: Run, words: tuple[str, ...], en: str, zh: str
) -> None:
    """One line, no traceback."""
    english, chinese = run("--lang", "en", *words), run("--lang", "zh", *words)
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert en in english.err
    assert zh in chinese.err
    assert "Traceback" not in english.err + chinese.err


def test_the_language_may_be_given_behind_the_command(run: Run, tmp_path: Path) -> None:
    """``fep status --lang zh`` is as good as ``fep --lang zh status``."""
    assert "文件不存在" in run("status", "--lang", "zh", "--config", tmp_path / "none.toml").err


@pytest.mark.parametrize(
    "words",
    [
        ("--help", "--lang", "zh"),
        ("--lang", "zh", "--help"),
        ("--help", "--lang=zh"),
        ("load", "--help", "--lang", "zh"),
        ("--lang", "zh", "load", "--help"),
        ("keys", "list", "--help", "--lang", "zh"),
        ("keys", "--help", "--lang", "zh"),
    ],
    ids=" ".join,
)
def test_help_and_language_may_stand_in_either_order(run: Run, words: tuple[str, ...]) -> None:
    """The help is Chinese throughout."""
    shown = run(*words)
    assert shown.exit_code == 0
    assert "用法: fep" in shown.out
    assert "Show this" not in shown.out


def test_the_version_is_shown(run: Run) -> None:
    """For a report to the maintainers."""
    outcome = run("--version")
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert re.fullmatch(r"fep \d+\.\d+\.\d+\n", outcome.out)


@pytest.mark.parametrize("words", ["--help", "status", "check-config", "keys list"])
def test_a_latin_locale_gives_question_marks_and_no_traceback(site: Path, words: str) -> None:
    """Whoever asks for Chinese where it cannot be shown still gets his figures and the right exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "fep", "--lang", "zh", *words.split()],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "iso8859-1:strict", "FEP_CONFIG": str(site / "fep.toml")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"?" in done.stdout
    assert done.returncode == (3 if words == "status" else 0)


def test_an_unknown_language_is_a_mistake(run: Run) -> None:
    """It is not silently English."""
    assert run("--lang", "fr", "status").exit_code == 2


@pytest.mark.parametrize("command", ["run", "check-config", "status", "load x.csv", "db upgrade", "keys list"])
def test_a_wrong_configuration_ends_every_command_with_2(run: Run, tmp_path: Path, command: str) -> None:
    """Every finding is on stderr, with file and key."""
    path = tmp_path / "fep.toml"
    path.write_text("[billing]\nqueue = 1\n[keys]\n")
    outcome = run(*command.split(), "--config", path)
    assert outcome.exit_code == 2
    assert f"{path}: billing.queue: unknown key; the nearest known one is 'queue_max'" in outcome.err
    assert f"{path}: keys.store: missing" in outcome.err
    assert outcome.out == ""


def test_the_configuration_may_come_from_the_environment(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FEP_CONFIG stands for --config, for an operator's shell."""
    monkeypatch.setenv("FEP_CONFIG", str(site / "fep.toml"))
    assert run("check-config").exit_code == 0


def test_a_database_that_is_away_ends_with_3(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot run now; the input was good."""
    from dbgate import schema

    def away(engine: object) -> None:
        raise DatabaseUnavailable("cannot connect: OperationalError 08006")

    monkeypatch.setattr(schema, "upgrade", away)
    outcome = run("db", "upgrade", "--config", site / "fep.toml")
    assert outcome.exit_code == 3
    assert "billing database: cannot connect" in outcome.err


def test_a_bug_of_ours_keeps_its_traceback(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not the user's mistake must not look like one."""
    from dbgate import schema

    def broken(engine: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(schema, "upgrade", broken)
    with pytest.raises(ZeroDivisionError):
        run("db", "upgrade", "--config", site / "fep.toml")


def test_help_does_not_wait_for_heavy_imports() -> None:
    """Neither the database nor the ciphers nor the reactor are imported to explain a command."""
    script = (
        "import sys; sys.argv = ['fep', 'run', '--help']\n"
        "from fep.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'Crypto', 'twisted', 'construct', 'alembic'}\n"
        "print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.strip() == ""


def test_who_reads_no_further_is_no_finding(site: Path) -> None:
    """A report whose reader has gone, as with head, ends with 3: 1 would say that there are differences."""
    reader, writer = os.pipe()
    os.close(reader)
    words = ["report", "arrears", "--list", "--config", str(site / "fep.toml")]
    with os.fdopen(writer, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "fep", *words],
            env=environment(),
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (3, "")


def test_a_group_says_of_each_command_what_its_help_says(run: Run) -> None:
    """However long its first sentence is: never what only the source says."""
    shown = " ".join(run("recon", "--help").out.split())
    assert (
        "run Match the banks' files of a clearing date with the journal, store the differences, and write the" in shown
    )
    assert "show Show one difference: both sides of it, and what operators have proposed and approved " in shown
