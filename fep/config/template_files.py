"""Template files 配置模板: the commented configuration that ``fep init`` writes and ``conf/`` shows."""

import json
from importlib.resources import files
from string import Template

from fep.config.settings import Address
from protocol.dialect import Dialect
from protocol.dialects.registry import DEFAULT, DIALECTS
from protocol.files.formats import FILE_FORMATS, STANDARD

DATABASE_URL = "sqlite:///billing.db"
MASTER_KEY = "file:master.key"
DATABASE_PASSWORD = "file:database.secret"  # noqa: S105 -- a reference


def fep_toml(
    address: Address,
    database_url: str = DATABASE_URL,
    master_key: str = MASTER_KEY,
    password: str = "",
    *,
    four_eyes: bool = True,
) -> str:
    """Return the text of ``fep.toml``; ``password`` is a reference, empty when the database wants none."""
    return _filled(
        "fep.toml",
        addresses=_quoted(str(address)),
        database_url=_quoted(database_url),
        database_password=f"password = {_quoted(password)}" if password else f'# password = "{DATABASE_PASSWORD}"',
        master_key=_quoted(master_key),
        four_eyes="# four_eyes = true" if four_eyes else "four_eyes = false",
        port_offsets=", ".join(f"{name} + {each.port_offset}" for name, each in DIALECTS.items() if each.port_offset),
    )


def bank_toml(
    bank_code: str,
    name: str,
    suite: str,
    network: str,
    *,
    dialect: Dialect = DEFAULT,
    accept_weak_mac: bool = False,
    line_protection: str = "",
) -> str:
    """Return the text of a bank file; one that says what protects its line accepts that there is no MAC."""
    return _filled(
        "bank.toml",
        bank_code=bank_code,
        name=name,
        suite=suite,
        addresses=_quoted(network),
        dialects=", ".join(DIALECTS),
        file_formats=", ".join(FILE_FORMATS),
        files=_quoted(STANDARD.name),
        dialect=f'{"# " if dialect is DEFAULT else ""}dialect = "{dialect.name}"',
        accept_weak_mac="accept_weak_mac = true" if accept_weak_mac else "# accept_weak_mac = false",
        accept_no_mac="accept_no_mac = true" if line_protection else "# accept_no_mac = false",
        line_protection=f"{'' if line_protection else '# '}line_protection = {_quoted(line_protection)}",
    )


def example_bank_toml() -> str:
    """Return the bank file that shows how one is written; its network is one for documentation (RFC 5737)."""
    return bank_toml("0102", "示例银行", "3des", "192.0.2.0/24")


def _filled(template: str, **values: str) -> str:
    text = (files("fep.config") / "templates" / template).read_text(encoding="utf-8")
    return Template(text).substitute(values)


def _quoted(text: str) -> str:
    """Return a TOML basic string: JSON escapes the same characters in the same way."""
    return json.dumps(text, ensure_ascii=False)
