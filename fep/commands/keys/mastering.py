"""``fep keys make-master`` 生成主密钥 and ``fep keys reseal`` 更换主密钥: what seals the key store."""

from pathlib import Path

import click

from crypto.key_changes import Resealing
from crypto.master_key import make_master_key
from fep.command_line import command, config_option
from fep.commands.keys.acting import act_on
from fep.commands.keys.store import OpenStore, told
from fep.exits import EXIT_DONE
from fep.language import Text


@command(
    "make-master",
    en="""Make a new master key: file:PATH, or pkcs11:… for one that never leaves its hardware security module.

Relative paths begin in the current folder. A store gets it by 'fep keys reseal', a new site by 'fep init'.""",
    zh="""生成新的主密钥: file:路径, 或 pkcs11:… (密钥不离开硬件密码机)。

相对路径以当前目录为准。已有密钥库用 fep keys reseal 换用, 新站点用 fep init。""",
)
@click.argument("reference", metavar="REFERENCE")
def make_master(reference: str) -> int:
    """Make it where the reference says; one that is there is never replaced."""
    make_master_key(reference, Path.cwd())
    told(Text("master key made", "主密钥已生成"))
    return EXIT_DONE


@command(
    "reseal",
    en="""Seal the key store under another master key.

The banks' keys stay as they are. A running daemon goes on; write the reference into fep.toml before its next start.""",
    zh="""用另一个主密钥重新加密密钥库。

银行密钥不变。运行中的前置机不受影响; 请在其重启之前将新引用写入 fep.toml。""",
)
@click.argument("reference", metavar="REFERENCE")
@config_option
def reseal(reference: str, config_path: Path) -> int:
    """Write the store in its place under the new key, in one step."""
    opened = OpenStore.of(config_path)
    return act_on(opened, "", Resealing(reference, opened.store.check_value_of(opened.resolve(reference))))
