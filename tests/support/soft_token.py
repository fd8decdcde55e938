"""A PKCS#11 token in software: SoftHSM2 with its tokens in a folder of the test's own. 软件密码机"""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

PIN = "839201"
TOKEN = "fep-test"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm.so",
)


def why_not() -> str:
    """Return what is missing, empty when a token can be made."""
    if shutil.which("softhsm2-util") is None or module() is None:
        return "SoftHSM2 is not installed (Debian: apt-get install softhsm2)"
    return "" if find_spec("pkcs11") else "python-pkcs11, of the test extra, is not installed"


def module() -> str | None:
    """Return the path of SoftHSM2's module."""
    return next((path for path in MODULES if Path(path).exists()), None)


def make_token(folder: Path) -> dict[str, str]:
    """Make a token in ``folder``; return what a process needs in its environment to find it."""
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    environment = {"SOFTHSM2_CONF": str(configuration)}
    command = ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--so-pin", "11223344", "--pin", PIN]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=30)
    return environment
