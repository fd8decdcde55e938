"""A demo directory made into a utility of several branches, as an operator would write it. 分公司配置"""

from collections.abc import Mapping, Sequence
from pathlib import Path


def add_branches(
    directory: Path, prefixes: Sequence[str], others: Mapping[str, tuple[int, str, Sequence[str]]]
) -> Path:
    """Give the one database of fep.toml these prefixes and add other databases: (number, url, prefixes) by name."""
    path = directory / "fep.toml"
    text = path.read_text(encoding="utf-8")
    before, table, after = text.partition("[[billing.database]]\n")
    own, keys, rest = after.partition("[keys]\n")
    assert table, text
    assert keys, text
    tables = [f"{table}{own}prefixes = {_quoted(prefixes)}\n"]
    for name, (number, url, own_prefixes) in others.items():
        tables.append(f'{table}name = "{name}"\nnumber = {number}\nurl = "{url}"\nprefixes = {_quoted(own_prefixes)}\n')
    path.write_text(before + "\n".join(tables) + "\n" + keys + rest, encoding="utf-8")
    return path


def _quoted(words: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
