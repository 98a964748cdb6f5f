"""A part of the system for the time of a `with`: started, and in the end removed, also when it did not start.

Apart from the parts because all of them are started and removed alike.
"""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


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
