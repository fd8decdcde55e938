"""Shadowing 同名包检查: our top-level packages ``crypto`` and ``protocol`` have namesakes on PyPI.

Installed beside us, such a package is imported in our place, or mixed with ours in one folder; either would run a
stranger's code where keys are handled. So the process looks, before it imports any of them, and refuses.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from fep.language import Text

PACKAGES = ("crypto", "protocol", "handlers", "dbgate")
ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds ``fep`` and must hold its siblings."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """A package that is not ours alone: where it should be, and what was found."""

    package: str
    expected: Path
    found: str

    def text(self) -> Text:
        """Return what to tell the user."""
        return Text(
            f"package '{self.package}' is not ours: expected {self.expected}, found {self.found}. Another package of "
            f"that name is installed; use a virtualenv that holds nothing else, or: pip uninstall {self.package}, "
            "and install this program again",
            f"包 '{self.package}' 不是本程序的: 应为 {self.expected}, 实为 {self.found}。环境中装有同名的其他包; "
            f"请使用独立的虚拟环境, 或执行 pip uninstall {self.package} 后重新安装本程序",
        )


def find_shadows(packages: Iterable[str] = PACKAGES, root: Path = ROOT) -> list[Shadow]:
    """Return every package of ``packages`` that is not found in ``root``, or shares its folder with another's."""
    return list(_shadows(packages, root))


def _shadows(packages: Iterable[str], root: Path) -> Iterator[Shadow]:
    for package in packages:
        expected = root / package / "__init__.py"
        spec = find_spec(package)
        origin = None if spec is None else spec.origin
        if origin is None:
            yield Shadow(package, expected, "none")
        elif Path(origin).resolve() != expected:
            yield Shadow(package, expected, origin)
        elif (intruder := _distribution_in(root / package)) is not None:
            yield Shadow(package, expected, intruder)


def _distribution_in(folder: Path) -> str | None:
    """Return the distribution named like ``folder`` when it was installed into it, over or under ours."""
    try:
        namesake = distribution(folder.name)
    except PackageNotFoundError:
        return None
    installed = Path(str(namesake.locate_file(folder.name))).resolve()
    return f"{namesake.metadata['Name']} {namesake.version} in {installed}" if installed == folder else None
