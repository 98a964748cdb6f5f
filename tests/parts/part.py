"""A part of the system for the time of a `with`: started, and in the end removed, also when it did not start.

Apart from the parts because all of them are started and removed alike.
"""

import shutil
import ssl
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.parts.waiting import HANGS_AFTER_S, wait_until

ANSWER_WITHIN_S = END_WITHIN_S = HANGS_AFTER_S
WITHOUT_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""`verify` of clients for plain HTTP. Without it httpx reads all certificates of the system for each: 30 ms."""


def remove_folder(folder: Path) -> None:
    """Remove a folder of processes that were killed: one that is not quite dead yet may still write to it."""

    def is_gone() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    wait_until(is_gone, what=f"the end of {folder}")


class Part(ABC):
    """Something that a test starts and removes."""

    @abstractmethod
    def start(self) -> None:
        """Start it, and return when it does its work."""

    @abstractmethod
    def remove(self) -> None:
        """Stop it, and leave nothing behind."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
