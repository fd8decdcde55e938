"""What can go wrong with keys, MACs and the key store 密码错误.

    CryptoError
     ├ MacMismatch            a frame that cannot be authenticated: the peer's fault, or the line's
     ├ KeyRefused             a key that must not be used: weak, semi-weak, halves equal, wrong length
     ├ KeyBlockInvalid        a key block that cannot be opened, or whose key is for something else
     ├ KeyCheckFailed         a key whose check value (KCV 密钥校验值) differs
     ├ KeyUnavailable         the key store holds no keys of this bank
     ├ SuiteDiffers           keys that were loaded for another suite than the bank's file names
     ├ KeyVersionRefused      a version of a bank's keys cannot be activated or retired
     ├ KeyProposalRefused     an act on keys that was proposed cannot be approved, or not by this officer
     ├ KeyVersionUnknown      a frame names session keys that do not exist, or no longer do: answered 1005
     ├ KeyRingBusy            a key exchange while two used versions are valid: answered 1011
     ├ KeyJournalBroken       the journal of key acts is not as it was written
     ├ KeyStoreInvalid        the key store file cannot be used: says which, what, and what to do
     ├ CertificateInvalid     a certificate, or its key, that cannot be used
     └ MasterKeyUnavailable   the master key cannot be had: says which, what, and what to do

Rule: no message, attribute, cause or context of these ever holds the value of a key. Where a library's exception
could (a JSON error keeps its whole document), the error is raised outside the ``except`` block.
``str(error)`` is English; ``error.chinese`` says the same to a Chinese operator.
"""

from enum import Enum
from pathlib import Path


class CryptoError(Exception):
    """The root of the package's errors 密码错误."""

    def __init__(self, message: str, chinese: str) -> None:
        super().__init__(message)
        self.chinese = chinese


class MacMismatch(CryptoError):
    """A message whose MAC is not the one computed over it MAC校验错.

    In the field it is nearly always about which bytes and which padding, so the error carries a digest of the MAC
    input: both sides can compare theirs without showing the message.

    Attributes:
        input_bytes: Length of the MAC input.
        input_sha256: Its SHA-256, lower-case hex.
    """

    def __init__(self, input_bytes: int, input_sha256: str) -> None:
        super().__init__(
            f"MAC differs from the one computed over {input_bytes} bytes with SHA-256 {input_sha256}",
            f"MAC校验错: 输入 {input_bytes} 字节, SHA-256 {input_sha256}",
        )
        self.input_bytes = input_bytes
        self.input_sha256 = input_sha256


class KeyFault(Enum):
    """Why a key is refused: (English, 中文)."""

    WEAK = ("weak DES key", "DES弱密钥")
    SEMI_WEAK = ("semi-weak DES key", "DES半弱密钥")
    HALVES_EQUAL = (
        "halves equal, as they are in no random key (3DES would be single DES)",
        "左右两半相同, 随机密钥不会如此 (3DES 等同单DES)",
    )
    SAME_AS_AK = ("the same as AK", "与AK相同")
    SAME_AS_BEFORE = ("the same as those of a version that is there", "与已有版本相同")
    WRONG_LENGTH = ("wrong length", "长度错误")
    NOT_HEXADECIMAL = ("not hexadecimal", "不是十六进制")
    ZERO = ("it is all zeros", "全为零")
    COMPONENTS_EQUAL = ("two components are equal and cancel each other out", "两个分量相同, 异或后互相抵消")
    PADDING = ("right half of a wrapped 8-byte key is not zeros", "8字节密钥密文的右半不是零")

    def __init__(self, english: str, chinese: str) -> None:
        self.english = english
        self.chinese = chinese


class KeyRefused(CryptoError):
    """A key that must not be used, named by its label, never by its value 密钥不可用.

    Attributes:
        label: What the key is, e.g. ``AK of bank 0102``.
        fault: Why it is refused.
    """

    def __init__(self, label: str, fault: KeyFault, detail: str = "") -> None:
        suffix = f" ({detail})" if detail else ""
        super().__init__(f"{label} refused: {fault.english}{suffix}", f"{label} 不可用: {fault.chinese}{suffix}")
        self.label = label
        self.fault = fault


class BlockFault(Enum):
    """Why a key block cannot be used: (what, what to do, 中文)."""

    FORM = ("it is not a key block", "check that it was copied whole", "不是密钥块, 请检查是否完整")
    VERSION = ("its version is not B or D", "ask for one of version B or D", "版本不是 B 或 D, 请提供 B 或 D 版本")
    PROTECTION_KEY = (
        "the protection key has a length that this version does not take",
        "B takes 16 or 24 bytes, D 16, 24 or 32",
        "保护密钥长度与版本不符, B 为 16 或 24 字节, D 为 16、24 或 32 字节",
    )
    FORGED = (
        "it was changed, or made under another protection key",
        "compare the check value of the protection key",
        "内容被改动或保护密钥不同, 请核对保护密钥的校验值",
    )
    ALGORITHM = (
        "its key is for another algorithm than the bank's suite",
        "ask for a key of the suite",
        "密钥算法与银行套件不符, 请提供相应算法的密钥",
    )
    USAGE = (
        "its key is for another use",
        "AK is for MACs (M), mode C; KEK wraps keys (K0), mode B or E",
        "密钥用途不符: AK 用于 MAC (M, 模式 C), KEK 用于加密密钥 (K0, 模式 B 或 E)",
    )
    SUITE = (
        "the standard has no code for its algorithm",
        "exchange the keys of this suite in components",
        "标准未定义该算法的代码, 请以分量方式交换",
    )
    TWO = (
        "one AK and one KEK are wanted",
        "put both blocks into the file, one a line",
        "应恰有一个 AK 和一个 KEK, 每行一个",
    )

    def __init__(self, what: str, remedy: str, chinese: str) -> None:
        self.what = what
        self.remedy = remedy
        self.chinese = chinese


class KeyBlockInvalid(CryptoError):
    """A key block that cannot be used 密钥块不可用. Never holds what stands in it.

    Attributes:
        fault: why, and what to do.
    """

    def __init__(self, label: str, fault: BlockFault, detail: str = "") -> None:
        suffix = f" ({detail})" if detail else ""
        super().__init__(
            f"key block of {label}: {fault.what}{suffix}; {fault.remedy}", f"{label} 的密钥块: {fault.chinese}{suffix}"
        )
        self.fault = fault


class KeyCheckFailed(CryptoError):
    """A key whose check value differs from the one that came with it 密钥校验值不符."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{label}: key check value differs; the key or the key that wraps it is not the sender's",
            f"{label}: 密钥校验值不符, 该密钥或其加密密钥与对方不一致",
        )
        self.label = label


class KeyUnavailable(CryptoError):
    """The key store holds no keys of this bank 无此银行密钥."""

    def __init__(self, bank_code: str) -> None:
        super().__init__(
            f"no keys of bank {bank_code} in the key store; load its AK and KEK",
            f"密钥库中没有银行 {bank_code} 的密钥, 请装入其AK和KEK",
        )
        self.bank_code = bank_code


class SuiteDiffers(CryptoError):
    """The keys of a bank were loaded for another suite than its file names 套件不符: their check values say nothing."""

    def __init__(self, bank_code: str, loaded: str, configured: str) -> None:
        super().__init__(
            f"keys of bank {bank_code} were loaded for suite {loaded}, its file says {configured}; load them again",
            f"银行 {bank_code} 的密钥按套件 {loaded} 装入, 而其配置为 {configured}; 请重新装入密钥",
        )


class VersionFault(Enum):
    """Why a version of a bank's keys cannot be activated or retired: (what, what to do, 中文)."""

    MISSING = ("there is none", "see fep keys list", "无此版本, 请查看 fep keys list")
    NOT_PENDING = ("it was activated before", "activate a pending one", "已启用过, 只能启用待启用的版本")
    RETIRED_BEFORE = ("it is retired already", "see fep keys list", "已停用, 请查看 fep keys list")
    ENDS_FIRST = (
        "the former one would end before it begins",
        "give an end that is not before the beginning",
        "旧版本的截止时间早于新版本的启用时间, 请更正",
    )
    ANOTHER_PLANNED = (
        "another one is to begin later",
        "wait for it, or retire it first",
        "另有版本已定于稍后启用, 请等待或先将其停用",
    )
    TWO_IN_USE = (
        "two others are accepted at that moment",
        "retire one, or begin when one has ended",
        "届时已有两个版本在用, 请先停用一个或推迟启用",
    )
    SAME_AK = (
        "it has the AK of the former one, so no sign-in could tell which KEK the bank has",
        "activate it without a window",
        "与旧版本的 AK 相同, 签到时无法区分 KEK, 请不设并用期直接切换",
    )
    LAST = (
        "it is the only one that the bank can sign in with",
        "activate another one first, or say --yes",
        "该银行只有此版本可用于签到, 请先启用另一版本或使用 --yes",
    )

    def __init__(self, what: str, remedy: str, chinese: str) -> None:
        self.what = what
        self.remedy = remedy
        self.chinese = chinese


class KeyVersionRefused(CryptoError):
    """A version of a bank's keys cannot be activated or retired 密钥版本操作被拒.

    Attributes:
        fault: why, and what to do.
    """

    def __init__(self, bank_code: str, number: int, fault: VersionFault) -> None:
        super().__init__(
            f"key version {number} of bank {bank_code}: {fault.what}; {fault.remedy}",
            f"银行 {bank_code} 的密钥版本 {number}: {fault.chinese}",
        )
        self.fault = fault


class ProposalFault(Enum):
    """Why a proposal is not approved: (what, what to do, 中文)."""

    MISSING = ("there is none of this number", "see fep keys proposals", "无此编号, 请查看 fep keys proposals")
    EXPIRED = (
        "its time is over",
        "propose it again",
        "已过期, 请重新提请",
    )
    SAME_OPERATOR = (
        "you have proposed it yourself",
        "another officer must approve it",
        "由本人提请, 须由另一人复核",
    )
    NO_LOGIN = (
        "one of its two officers works without a login, so that the system cannot tell him from the other",
        "propose and approve from sessions of your own logins",
        "提请人或复核人未经登录, 系统无法分辨是否同一人, 须各自登录后提请和复核",
    )
    CHANGED = (
        "the keys have changed since it was proposed",
        "look at them, reject it, and propose again what is still wanted",
        "提请之后密钥已有变动, 请核对后驳回并重新提请",
    )
    TOO_MANY = (
        "as many wait as there may be",
        "approve or reject some: fep keys proposals",
        "待复核的提请已达上限, 请先复核或驳回: fep keys proposals",
    )
    OTHER_MASTER_KEY = (
        "its reference leads to another master key now",
        "reject it, and propose it again",
        "引用所指的主密钥已变, 请驳回并重新提请",
    )

    def __init__(self, what: str, remedy: str, chinese: str) -> None:
        self.what = what
        self.remedy = remedy
        self.chinese = chinese


class KeyProposalRefused(CryptoError):
    """A proposed act on keys cannot be approved, or not by this officer 密钥操作复核被拒.

    Attributes:
        fault: why, and what to do.
    """

    def __init__(self, number: int | None, fault: ProposalFault) -> None:
        which = "" if number is None else f" {number}"
        super().__init__(f"proposal{which}: {fault.what}; {fault.remedy}", f"密钥操作提请{which}: {fault.chinese}")
        self.fault = fault


class KeyVersionUnknown(CryptoError):
    """Session keys that a frame names do not exist, or no longer do 密钥版本不存在. Answered ``1005``."""

    def __init__(self, version: int) -> None:
        super().__init__(f"no session keys of version {version}", f"没有版本 {version} 的会话密钥")
        self.version = version


class KeyRingBusy(CryptoError):
    """A key exchange while two used versions are still valid 密钥更换过频. Answered ``1011``."""

    def __init__(self) -> None:
        super().__init__(
            "two versions of the session keys are in use; exchange keys again when the former has ended",
            "两个版本的会话密钥均在使用, 请待旧版本失效后再更换",
        )


class FileFault(Enum):
    """What is wrong with a file that holds secrets: (what, what to do, 中文)."""

    MISSING = ("it does not exist", "create it or correct the path", "文件不存在, 请创建或更正路径")
    EXISTS = ("it exists already", "remove it first, or use it", "文件已存在, 请先移走或直接使用")
    UNREADABLE = ("it cannot be read or written", "check the path and the permissions", "无法读写, 请检查路径和权限")
    NOT_A_FILE = ("it is not a regular file", "correct the path", "不是普通文件, 请更正路径")
    OWNER = ("another user owns it", "chown it to the user that runs this", "属主不是当前用户, 请用chown更正")
    MODE = ("other users may use it", "chmod 600", "权限过宽, 请执行 chmod 600")
    TOO_LARGE = ("it is larger than it can be", "restore it from a backup", "文件过大, 请从备份恢复")
    NOT_A_STORE = ("it is not a key store", "correct the path", "不是密钥库文件, 请更正路径")
    FORMAT = ("a newer program wrote it", "use that program's version", "由更新版本的程序写成, 请使用该版本")
    DAMAGED = ("it is damaged", "restore it from a backup", "文件已损坏, 请从备份恢复")
    MASTER_KEY = ("another master key sealed it", "give that master key", "主密钥不符, 请提供原主密钥")
    CHANGED = ("another command changed it meanwhile", "run this again", "期间被其他命令修改, 请重试")
    NOT_HEX = ("it is not 64 hexadecimal digits", "give 32 bytes in hex", "不是64位十六进制数字")

    def __init__(self, what: str, remedy: str, chinese: str) -> None:
        self.what = what
        self.remedy = remedy
        self.chinese = chinese


class KeyStoreInvalid(CryptoError):
    """The key store file cannot be used 密钥库不可用.

    Attributes:
        path: The file.
        fault: What is wrong with it and what to do.
    """

    def __init__(self, path: Path, fault: FileFault, detail: str = "") -> None:
        suffix = f" ({detail})" if detail else ""
        super().__init__(
            f"key store {path}: {fault.what}{suffix}; {fault.remedy}", f"密钥库 {path}: {fault.chinese}{suffix}"
        )
        self.path = path
        self.fault = fault


class KeyJournalBroken(CryptoError):
    """The journal of key acts is not as it was written 密钥操作日志被改动.

    Attributes:
        path: The file.
        line_no: The first line that is wrong, from 1; behind the last one when some are missing.
    """

    def __init__(self, path: Path, line_no: int, what: str, chinese: str) -> None:
        super().__init__(
            f"key journal {path}, line {line_no}: {what}; restore it from a backup, and find out who changed it",
            f"密钥操作日志 {path} 第 {line_no} 行: {chinese}; 请从备份恢复并查明原因",
        )
        self.path = path
        self.line_no = line_no


class MasterKeyUnavailable(CryptoError):
    """The master key cannot be had from its reference 主密钥不可用."""

    def __init__(self, source: str, what: str, remedy: str, chinese: str) -> None:
        super().__init__(f"master key {source}: {what}; {remedy}", f"主密钥 {source}: {chinese}")
        self.source = source

    @classmethod
    def of_file(cls, source: str, fault: FileFault, detail: str = "") -> "MasterKeyUnavailable":
        """Return the error for a file that cannot be used."""
        suffix = f" ({detail})" if detail else ""
        return cls(source, f"{fault.what}{suffix}", fault.remedy, f"{fault.chinese}{suffix}")


class CertificateFault(Enum):
    """What is wrong with a certificate or its key: (what, what to do, 中文)."""

    NO_CERTIFICATE = ("holds no certificate in PEM", "convert it: openssl x509 -in FILE", "不含 PEM 格式的证书")
    ORDER = (
        "is not in order",
        "put the own certificate first, then each one's issuer",
        "证书链顺序错, 应为本机证书在前, 其后依次为各级签发者",
    )
    NO_KEY = ("holds no private key in PEM", "convert it: openssl pkey -in FILE", "不含 PEM 格式的私钥")
    KEY_ENCRYPTED = (
        "is encrypted",
        "decrypt it (openssl pkey -in FILE) into a file of mode 0600, or a systemd credential",
        "私钥有口令, 请用 openssl pkey 解密后存为 0600 文件或 systemd 凭据",
    )
    KEY_DIFFERS = ("is not the key of the certificate", "give the pair", "私钥与证书不匹配")
    NO_AUTHORITY = (
        "holds a certificate that is no authority's",
        "give that of the CA that signs the banks' certificates",
        "含有非 CA 证书, 应为签发银行证书的 CA",
    )
    SUBJECT = (
        "is not a distinguished name",
        'write it as "CN=bank,O=Bank,C=CN"',
        '不是证书主题, 应如 "CN=bank,O=Bank,C=CN"',
    )

    def __init__(self, what: str, remedy: str, chinese: str) -> None:
        self.what = what
        self.remedy = remedy
        self.chinese = chinese


class CertificateInvalid(CryptoError):
    """A certificate, or its key, that cannot be used 证书不可用. Never holds what stands in it.

    Attributes:
        fault: why, and what to do.
    """

    def __init__(self, fault: CertificateFault) -> None:
        super().__init__(f"{fault.what}; {fault.remedy}", fault.chinese)
        self.fault = fault
