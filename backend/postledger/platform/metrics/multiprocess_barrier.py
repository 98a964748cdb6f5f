"""Up to which moment each process has brought what it counts to its files.

Apart from the metrics because the processes tell one another so: whoever adds the files up waits for all of them.
"""

import mmap
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import gevent

_MOMENT = struct.Struct("d")  # seconds of the monotonic clock, which is one for all processes
_LOOK_EVERY_S = 0.01
_NAME = "counted_"  # and the number of the process


class Counted:
    """The moment of this process, in a file of its own in a folder that all share."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{_NAME}{os.getpid()}"
        self._path.write_bytes(_MOMENT.pack(time.monotonic()))
        with self._path.open("r+b") as file:
            self._moment = mmap.mmap(file.fileno(), _MOMENT.size)

    def note(self) -> None:
        """Say that all that was counted so far is in the files."""
        _MOMENT.pack_into(self._moment, 0, time.monotonic())

    def close(self) -> None:
        """Let nobody wait for this process any more."""
        self._path.unlink(missing_ok=True)


def forget_process(folder: Path, process_id: int) -> None:
    """Let nobody wait for a process that has ended."""
    (folder / f"{_NAME}{process_id}").unlink(missing_ok=True)


def wait_for_all(folder: Path, timeout_s: float) -> bool:
    """Wait until every living process has noted a moment from now on; False when one has not in so many seconds."""
    asked_s = time.monotonic()
    while any(moment_s < asked_s for moment_s in _moments(folder)):
        if time.monotonic() - asked_s > timeout_s:
            return False
        gevent.sleep(_LOOK_EVERY_S)
    return True


def _moments(folder: Path) -> Iterator[float]:
    for path in folder.glob(f"{_NAME}*"):
        try:
            os.kill(int(path.name.removeprefix(_NAME)), 0)  # where the master was killed, nobody forgets its workers
            yield _MOMENT.unpack(path.read_bytes())[0]
        except (OSError, struct.error):  # it has ended, its number is somebody else's, or it begins in this very moment
            continue
