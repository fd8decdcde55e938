"""AK and KEK in key blocks 银行密钥块: what their headers say for each suite.

    suite      | algorithm | AK, mode C                        | KEK
    -----------+-----------+-----------------------------------+-----------------------
    des, 3des  | T         | M3 (ISO 9797-1 algorithm 3)       | K0, mode B
    cups       | T         | M0 (3DES MAC; CUPS has no code)   | K0, mode B
    aes        | A         | M6 (CMAC)                         | K0, mode B
    sm4        | X9.143 has no code for SM4: its keys are exchanged in components

A KEK of mode E is taken too: here it wraps only.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from crypto.errors import BlockFault, KeyBlockInvalid
from crypto.key_blocks import BlockHeader, read_header, unwrap_block, wrap_block
from crypto.key_versions import BankKeys
from crypto.keys import Key
from crypto.suites import Suite

_AK_USAGES: Mapping[str, str] = MappingProxyType({"des": "M3", "3des": "M3", "cups": "M0", "aes": "M6"})
_KEK_USAGE, _AK_MODE, _KEK_MODES = "K0", "C", ("B", "E")


def block_version(suite: Suite) -> str:
    """Return the version of key block that goes with a suite: B for 3DES, D for AES."""
    return "B" if suite.wrap_cipher.is_des else "D"


def wrap_bank_keys(kbpk: Key, keys: BankKeys, version: str) -> tuple[str, str]:
    """Return the key blocks of AK and KEK; KeyBlockInvalid when they cannot be had, KeyRefused for a bad KBPK."""
    suite = keys.suite
    usage, algorithm = _usage(suite, keys.ak.label), _algorithm(suite)
    return (
        wrap_block(kbpk, BlockHeader(version, usage, algorithm, _AK_MODE), keys.ak),
        wrap_block(kbpk, BlockHeader(version, _KEK_USAGE, algorithm, _KEK_MODES[0]), keys.kek),
    )


def unwrap_bank_keys(kbpk: Key, blocks: Sequence[str], bank_code: str, suite: Suite) -> BankKeys:
    """Return the AK and the KEK that stand in two key blocks, told apart by their usage.

    Raises:
        KeyBlockInvalid: One of them cannot be opened, or is for something else.
        KeyRefused: A key in them does not fit the suite, or must not be used.
    """
    label = f"AK and KEK of bank {bank_code}"
    if len(blocks) != len(("AK", "KEK")):
        raise KeyBlockInvalid(label, BlockFault.TWO)
    keks = [block for block in blocks if read_header(block, label)[0].usage == _KEK_USAGE]
    aks = [block for block in blocks if block not in keks]
    if len(keks) != 1 or len(aks) != 1:
        raise KeyBlockInvalid(label, BlockFault.TWO)
    ak = _opened(kbpk, aks[0], f"AK of bank {bank_code}", suite, _usage(suite, label), _AK_MODE)
    kek = _opened(kbpk, keks[0], f"KEK of bank {bank_code}", suite, _KEK_USAGE, *_KEK_MODES)
    return BankKeys(suite, ak, kek)


def _opened(kbpk: Key, block: str, label: str, suite: Suite, usage: str, *modes: str) -> Key:
    header, key = unwrap_block(kbpk, block, label)
    if header.algorithm != _algorithm(suite):
        raise KeyBlockInvalid(label, BlockFault.ALGORITHM, header.algorithm)
    if header.usage != usage or header.mode not in modes:
        raise KeyBlockInvalid(label, BlockFault.USAGE, f"{header.usage}, mode {header.mode}")
    return key


def _algorithm(suite: Suite) -> str:
    return "T" if suite.wrap_cipher.is_des else "A"


def _usage(suite: Suite, label: str) -> str:
    usage = _AK_USAGES.get(suite.name)
    if usage is None:
        raise KeyBlockInvalid(label, BlockFault.SUITE, suite.name)
    return usage
