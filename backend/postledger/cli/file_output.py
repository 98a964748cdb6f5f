"""Writes what a command makes into a file that the operator names."""

import sys
from pathlib import Path

from postledger.cli.errors import CommandFailed


def write_file(file: Path, content: str) -> None:
    """Write a text into a file, whose folder must exist, or to standard output if the file is `-`."""
    if str(file) == "-":
        sys.stdout.write(content)
        return
    try:
        file.write_text(content, "utf-8")
    except OSError as error:
        raise CommandFailed(f"{file}: cannot be written ({error.strerror}); check the path") from None
