"""Evidence: every byte that a run has left in a readable place, with the name of that place.

Apart from the test because it must look everywhere, also where nobody expects anything: temporary files, files that are
deleted and still open, process lists, core dumps.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISREG

from tests.acceptance.canaries import Canaries

SYSTEM_LOGS = (Path("/var/log"), Path("/var/lib/nginx"))
# Where a process that dies would leave its memory, and careless code its files. Not below: too much there is others'.
LOOSE_ENDS = (
    Path("/"),
    Path("/tmp"),
    Path("/var/tmp"),
    Path(__file__).parents[2],
    Path(__file__).parents[2] / "backend",
)


class SignatureInput:
    """Places and what was found there; a place may be looked at again and again."""

    def __init__(self) -> None:
        self._found: list[tuple[str, bytes]] = []

    def add(self, place: str, content: bytes | str) -> None:
        """Keep what one place held."""
        self._found.append((place, content.encode(errors="surrogateescape") if isinstance(content, str) else content))

    def add_tree(self, root: Path, newer_than_s: float = 0) -> None:
        """Keep every file below a folder, as long as it was written after that moment."""
        files = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
        self._add_files(files, newer_than_s)

    def add_system(self, newer_than_s: float) -> None:
        """Keep what the machine's own logs and loose ends have got since then."""
        for root in SYSTEM_LOGS:
            self.add_tree(root, newer_than_s)
        for folder in LOOSE_ENDS:
            self._add_files(folder.glob("*"), newer_than_s)

    def add_processes(self) -> None:
        """Keep how every process of the machine was called, as anybody may list it."""
        for process in Path("/proc").glob("[0-9]*"):
            self._add_file(process / "cmdline")

    def add_deleted_files(self, pids: Iterable[int]) -> None:
        """Keep the files that these processes have open and that have no name any more."""
        for pid in pids:
            for descriptor in Path(f"/proc/{pid}/fd").glob("*"):
                if _is_deleted_file(descriptor):
                    self._add_file(descriptor)

    def places(self) -> list[str]:
        """The names of all places, in the order of looking."""
        return [place for place, _ in self._found]

    def leaks(self, canaries: Canaries) -> list[str]:
        """Say what was found and where, once each."""
        found = {f"{place}: {what}" for place, content in self._found for what in canaries.find(content)}
        return sorted(found)

    def _add_files(self, paths: Iterable[Path], newer_than_s: float) -> None:
        for path in paths:
            if _is_new_file(path, newer_than_s):
                self._add_file(path)

    def _add_file(self, path: Path) -> None:
        try:
            self.add(str(path), path.read_bytes())
        except OSError:  # it is gone: a process has ended, a file was removed
            return


def _is_new_file(path: Path, newer_than_s: float) -> bool:
    try:
        state = path.lstat()
    except OSError:  # it is gone: we look at folders that everybody writes to
        return False
    return S_ISREG(state.st_mode) and state.st_mtime >= newer_than_s


def _is_deleted_file(descriptor: Path) -> bool:
    try:
        target = os.readlink(descriptor)
    except OSError:
        return False
    return target.startswith("/") and target.endswith(" (deleted)") and not target.startswith(("/dev/", "/memfd:"))
