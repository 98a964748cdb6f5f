"""Which build of Postledger runs: its version, and the commit that it was made from."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from postledger import __version__

CHECKOUT = Path(__file__).parents[3]
UNKNOWN = "unknown"
GIT_TIMEOUT_S = 5
_DIGITS = 12


class BuildInfo(msgspec.Struct, frozen=True):
    """The version, and the first digits of the commit's hash or `unknown`."""

    version: str
    commit: str


def read_build_info(environment: Mapping[str, str], checkout: Path = CHECKOUT) -> BuildInfo:
    """Read the commit from POSTLEDGER_COMMIT, which images set, or from git. It may start a process: call it once."""
    commit = environment.get("POSTLEDGER_COMMIT") or _ask_git(checkout)
    return BuildInfo(__version__, commit[:_DIGITS])


def _ask_git(checkout: Path) -> str:
    if not (checkout / ".git").exists():  # git would look for one above
        return UNKNOWN
    # Without safe.directory git refuses a checkout that belongs to another user, as under sudo.
    command = ["git", "-c", "safe.directory=*", "-C", str(checkout), "rev-parse", "HEAD"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=GIT_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return ran.stdout.strip()
