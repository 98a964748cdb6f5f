"""Opens the file of an import, and says in one line why it cannot be read."""

import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from postledger.cli.errors import CommandFailed
from postledger.clicks.csv_format import BadFormat
from postledger.vocabulary.operator_error import InvalidRequest


@contextmanager
def open_file(file: Path) -> Iterator[IO[bytes]]:
    """Open a file, a pipe, or `-` for standard input. Errors of its content are printed behind its name."""
    name = name_file(file)
    try:
        if str(file) == "-":
            yield sys.stdin.buffer
            return
        with file.open("rb") as opened:
            yield opened
    except (EOFError, zlib.error):
        raise CommandFailed(f"{name}: ends before its compressed data do; copy it again") from None
    except OSError as error:
        reason = error.strerror or "it is not what gzip makes"
        raise CommandFailed(f"{name}: cannot be read ({reason}); check the path") from None
    except (InvalidRequest, BadFormat) as error:
        raise CommandFailed(f"{name}: {error}") from None


def name_file(file: Path) -> str:
    """Name a file for people."""
    return "standard input" if str(file) == "-" else str(file)
