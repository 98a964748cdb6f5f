"""Writes one file a bill, whole or not at all. Written again, the same bill gives the same file."""

import errno
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from postledger.finance.exports.target import ExportedBill, Failed, Outcome, Sent

_MODE = 0o640
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_MOST_KEPT = 150


class FileTarget:
    """A folder. `write` gives the content of a bill's file, and `ending` is that of its name."""

    def __init__(self, folder: Path, ending: str, write: Callable[[ExportedBill], bytes]) -> None:
        self._folder, self._ending, self._write = folder, ending, write

    def send(self, bill: ExportedBill, *, find_first: bool) -> Outcome:  # noqa: ARG002 - it is written again
        """Write the file of a bill. One that is there already is replaced by the same."""
        path = self._folder / f"{name_file(bill.number)}.{self._ending}"
        content = self._write(bill)
        try:
            _make_folder(self._folder)
            _write_whole(path, content)
        except OSError as error:
            return Failed(errno.errorcode.get(error.errno or 0, "os_error").lower())
        return Sent(path.name)

    def close(self) -> None:
        """Do nothing: no file stays open."""


def name_file(number: str) -> str:
    """Return the name of a bill's file, which never leads out of the folder and is no other bill's."""
    if _PLAIN_NAME.fullmatch(number):
        return number
    digest = hashlib.sha256(number.encode()).hexdigest()[:16]
    return f"_{quote(number, safe='')[:_MOST_KEPT].replace('.', '%2E').replace('~', '%7E')}-{digest}"


def _make_folder(folder: Path) -> None:
    """Make the folder. If root does it, by hand, it belongs to the owner of the one above: the worker's user."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(missing if os.geteuid() == 0 else []):
        above = path.parent.stat()
        os.chown(path, above.st_uid, above.st_gid)


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Keep the new name through a power failure, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
