"""TOML files 配置文件: read whole, with findings for a file that is missing, not UTF-8 or not TOML."""

import re
import tomllib
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

from fep.config.findings import Place
from fep.language import Text

FILE_BYTES_MAX = 1 << 20
"""A thousand times what a configuration takes; the wrong file given by mistake is not read into memory."""

_POSITION = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of the file.

    Raises:
        ConfigInvalid: it cannot be read; a syntax error is named with its line.
    """
    place = Place(path)
    content = _read(place).removeprefix(BOM_UTF8)  # Windows editors put it there
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise place.unfit(
            f"line {number} is not UTF-8; save the file in UTF-8, not GB18030",
            f"第 {number} 行不是 UTF-8 编码; 请将文件另存为 UTF-8, 不要用 GB18030",
        ) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem = _syntax_error(str(error), text.count("\n") + 1)
        raise place.unfit(problem.en, problem.zh) from None


def _read(place: Place) -> bytes:
    try:
        with place.file.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise place.unfit("no such file; 'fep init DIR' makes one", "文件不存在; 可用 'fep init 目录' 生成") from None
    except OSError as error:
        raise place.unfit(f"cannot be read: {error.strerror}", f"无法读取: {error.strerror}") from None
    if len(content) > FILE_BYTES_MAX:
        raise place.unfit(f"larger than {FILE_BYTES_MAX} bytes", f"超过 {FILE_BYTES_MAX} 字节")
    return content


def _syntax_error(message: str, lines: int) -> Text:
    """Put the line first; ``tomllib`` has it in its message only."""
    match = _POSITION.fullmatch(message)
    if match is None:
        return Text(f"not TOML: {message}", f"不是 TOML: {message}")
    number, what = match["line"] or str(lines), match["what"]
    return Text(f"line {number}: not TOML: {what}", f"第 {number} 行: TOML 语法错误: {what}")
