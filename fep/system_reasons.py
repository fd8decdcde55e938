"""System reasons 系统原因: what the operating system could not do, and with which file, in the user's language."""

import errno
import os
from types import MappingProxyType

from fep.language import say

_CHINESE = MappingProxyType(
    {
        errno.EACCES: "没有权限",
        errno.EPERM: "操作不被允许",
        errno.EROFS: "文件系统为只读",
        errno.ENOSPC: "磁盘空间不足",
        errno.EDQUOT: "超出磁盘配额",
        errno.EFBIG: "文件过大",
        errno.EIO: "输入输出错误",
        errno.ENOENT: "没有此文件或目录",
        errno.EEXIST: "文件已存在",
        errno.EISDIR: "是目录",
        errno.ENOTDIR: "不是目录",
        errno.EMFILE: "打开的文件过多",
    }
)


def os_reason_text(error: OSError) -> str:
    """Return it as one line."""
    where = f"{os.fsdecode(error.filename)}: " if error.filename else ""
    english = error.strerror or str(error)
    return f"{where}{say(en=english, zh=_CHINESE.get(error.errno or 0, english))}"
