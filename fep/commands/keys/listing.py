"""``fep keys list`` 密钥清单 and ``fep keys journal`` 密钥操作日志: what there is, and what was done."""

from datetime import datetime
from pathlib import Path

import click

from crypto.errors import KeyJournalBroken
from crypto.key_changes import NewJournal
from crypto.key_versions import KeyState, KeyVersion
from fep.command_line import command, config_option, option
from fep.commands.keys.acting import act_on
from fep.commands.keys.store import OpenStore
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, EXIT_FINDINGS, CommandFailed
from fep.language import say
from fep.reports import Report


@command(
    "list", en="Show the banks' keys: versions, states and check values.", zh="列出各银行密钥的版本、状态和校验值。"
)
@config_option
@option("--all", "with_retired", is_flag=True, en="Retired versions too.", zh="包括已停用的版本。")
def list_keys(config_path: Path, with_retired: bool) -> int:
    """Print each version of each bank."""
    opened = OpenStore.of(config_path)
    report = Report(
        say(en="bank", zh="银行代码"),
        say(en="name", zh="名称"),
        say(en="version", zh="版本"),
        say(en="state", zh="状态"),
        say(en="suite", zh="套件"),
        "AK",
        "KEK",
        say(en="accepted from", zh="启用时间"),
        say(en="until", zh="停用时间"),
        say(en="days in use", zh="使用天数"),
    )
    for bank_code in opened.store.bank_codes():
        bank = opened.settings.banks.get(bank_code)
        name = bank.name if bank else say(en="(no bank file)", zh="(无配置文件)")
        for version in opened.store.versions(bank_code):
            if with_retired or version.state(opened.now) is not KeyState.RETIRED:
                report.row(bank_code, name, *_cells(version, opened.now))
    report.show()
    return EXIT_DONE


def _cells(version: KeyVersion, now: datetime) -> tuple[object, ...]:
    state = version.state(now)
    is_used = version.valid_from is not None and version.is_accepted(now)
    return (
        version.number,
        say(en=state.english, zh=state.chinese),
        version.suite.name,
        version.ak_kcv.hex().upper(),
        version.kek_kcv.hex().upper(),
        version.valid_from or "-",
        version.valid_until or "-",
        (now - version.valid_from).days if is_used and version.valid_from else "-",
    )


@command(
    "journal",
    en="Show who did what with keys, and check that nothing was changed or cut off; exit code 1 when it was.",
    zh="显示密钥操作记录并核对其完整性; 被改动或截断时退出码为 1。",
)
@config_option
@option(
    "--begin-anew",
    "reason",
    metavar="REASON",
    en="Put a broken journal that no backup has aside, and begin a new one that says so.",
    zh="日志损坏且无备份时将其移走, 新日志首行记录原因。",
)
def list_acts(config_path: Path, reason: str | None) -> int:
    """Print the journal of key acts, verified."""
    opened = OpenStore.of(config_path)
    try:
        acts = opened.store.acts()
    except KeyJournalBroken as broken:
        click.echo(say(en=str(broken), zh=broken.chinese), err=True)
        if reason is None:
            return EXIT_FINDINGS
        return act_on(opened, "", NewJournal(), reason)
    if reason is not None:
        raise CommandFailed(
            EXIT_BAD_INPUT, en="the journal is as it was written; it goes on", zh="日志完整, 无需重新开始"
        )
    report = Report(
        say(en="time", zh="时间"),
        say(en="operator", zh="操作员"),
        say(en="act", zh="操作"),
        say(en="bank", zh="银行代码"),
        say(en="version", zh="版本"),
        "AK",
        "KEK",
        say(en="remark", zh="备注"),
        say(en="proposed by", zh="提请人"),
    )
    for act in acts:
        version = "-" if act.version is None else act.version
        report.row(
            act.at,
            act.operator,
            act.act,
            act.bank_code or "-",
            version,
            act.ak_kcv or "-",
            act.kek_kcv or "-",
            act.detail or "-",
            act.proposed_by or "-",
        )
    report.show()
    return EXIT_DONE
