"""The ack log: one TSV line for each request that was sent, with what came back. Everything is judged by it.

Its lines are written to the file once a second, because a write for each would be the generator's own load.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import msgspec

POSTBACK, CLICK, FORGED, PROBE = "postback", "click", "forged", "probe"
TRIED = "tried"
"""What a partner sends to the sandbox, or looks up. Nothing of it belongs on the ledger."""


class Ack(msgspec.Struct, frozen=True):
    """One request and its answer.

    Times are epoch seconds, `took` seconds. `http` is 0 when no response came; `said` is the status word of the answer,
    `reason` that of a refusal, or "timeout" or "cut". `expected` lists the words that would be right, joined with `|`.
    """

    receipt: str
    due: float
    sent: float
    took: float
    http: int
    said: str
    reason: str
    transaction: str
    payout: str
    currency: str
    kind: str
    source: str
    event: str
    status: str
    click: str
    sender: str
    expected: str

    @property
    def is_unknown(self) -> bool:
        """Whether the request may have been recorded although the answer does not say so."""
        return self.http == 0 or self.http >= 500

    @property
    def is_expected(self) -> bool:
        """Whether the answer is one of those that would be right. An unknown one is never."""
        return self.said in self.expected.split("|") or self.reason in self.expected.split("|")


COLUMNS = Ack.__struct_fields__


class AckLog:
    """Appends acks to a file; one process writes it."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._file.write("\t".join(COLUMNS) + "\n")
        self.flush()

    def write(self, ack: Ack) -> None:
        """Append one ack."""
        self._file.write("\t".join(map(_cell, msgspec.structs.astuple(ack))) + "\n")

    def flush(self) -> None:
        """Write everything out that is still in memory."""
        self._file.flush()

    def close(self) -> None:
        """Write everything out and close the file."""
        self._file.close()


def read_acks(path: Path) -> Iterator[Ack]:
    """Read an ack log. A last line that was cut off, by the end of its process, is left out."""
    with path.open(encoding="utf-8") as file:
        next(file, None)
        for line in file:
            cells = line.rstrip("\n").split("\t")
            if len(cells) == len(COLUMNS):
                yield msgspec.convert(dict(zip(COLUMNS, cells, strict=True)), Ack, strict=False)


def join_logs(parts: list[Path], into: Path) -> None:
    """Join the logs of several processes, in the order in which requests were due."""
    write_acks(sorted((ack for part in parts for ack in read_acks(part)), key=lambda ack: ack.due), into)


def write_acks(acks: Iterable[Ack], path: Path) -> None:
    """Write a whole ack log."""
    log = AckLog(path)
    for ack in acks:
        log.write(ack)
    log.close()


def _cell(value: object) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value)
