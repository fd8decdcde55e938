"""What all key commands need: the store, the present moment, who is working, and what is written into the journal."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from crypto.key_journal import KeyAct
from crypto.key_store import KeyStore
from crypto.key_versions import KeyVersion
from crypto.keys import Key
from crypto.master_key import resolve_master_key
from fep.audit.command_log import told as told_of
from fep.audit.lines import Kind
from fep.clock import shanghai_now
from fep.command_line import confirm
from fep.commands.keys.officers import require_configuration_of_others
from fep.config.configuration import load
from fep.config.key_stores import open_key_store
from fep.config.settings import Settings
from fep.core_dumps import forbid_core_dumps
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.language import Text, say
from fep.operators import has_login, present_operator
from fep.system_reasons import os_reason_text
from fep.terminal import is_interactive


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A key store that a command works on.

    Attributes:
        config_path: of the site.
        settings: the site's.
        store: opened.
        now: the moment of the command, naive, Asia/Shanghai, whole seconds as the store keeps them.
        operator: who runs it, as the system knows him.
        has_login: that tells him from others who work as the same user.
    """

    config_path: Path
    settings: Settings
    store: KeyStore
    now: datetime
    operator: str
    has_login: bool

    @classmethod
    def of(cls, config_path: Path) -> "OpenStore":
        """Open the store of a configuration; CryptoError, CommandFailed when it cannot be, or may not."""
        forbid_core_dumps()
        settings = load(config_path)
        require_configuration_of_others(config_path)
        now = shanghai_now().replace(microsecond=0)
        return cls(config_path, settings, open_key_store(settings), now, present_operator(), has_login())

    def save(
        self, act: str, bank_code: str, version: KeyVersion | None = None, detail: str = "", proposed_by: str = ""
    ) -> None:
        """Make the changes durable, with an entry in the journal."""
        self.store.save(
            KeyAct(
                self.now,
                self.operator,
                act,
                bank_code,
                None if version is None else version.number,
                "" if version is None else version.ak_kcv.hex().upper(),
                "" if version is None else version.kek_kcv.hex().upper(),
                detail,
                proposed_by,
            )
        )
        number = None if version is None else version.number
        about = {"bank_code": bank_code, "version": number, "detail": detail, "proposed_by": proposed_by}
        self._tell({"act": act, **about, "result": "stored"})

    def _tell(self, fields: dict[str, object]) -> None:
        """Put into the audit log what the journal has; that the command was begun stands there already."""
        try:
            told_of(self.settings, Kind.KEY_ACT, fields)
        except OSError as error:  # it is stored, and its journal has it
            click.echo(os_reason_text(error), err=True)

    def resolve(self, reference: str) -> Key:
        """Return the master key of a reference; MasterKeyUnavailable when it cannot be had."""
        return resolve_master_key(reference, self.settings.directory)

    def version(self, bank_code: str, number: int) -> KeyVersion | None:
        """Return a version of a bank's keys, None when there is none of that number."""
        return next((each for each in self.store.versions(bank_code) if each.number == number), None)


def agreed(question: Text, refusal: Text, *, yes: bool) -> None:
    """Ask before something that is not undone; CommandFailed when the answer is no, or nobody can be asked."""
    if yes or (is_interactive() and confirm(str(question))):
        return
    raise CommandFailed(EXIT_BAD_INPUT, en=refusal.en, zh=refusal.zh)


def told(text: Text) -> None:
    """Print what was done on stderr, with what a running daemon needs to know of it."""
    click.echo(str(text), err=True)


def reload_hint() -> None:
    """Say how a running daemon learns of it."""
    click.echo(
        say(
            en="a running daemon takes it over when it is told to: systemctl reload, or SIGHUP",
            zh="运行中的前置机须重读配置后生效: systemctl reload, 或发送 SIGHUP",
        ),
        err=True,
    )
