"""Runs pg_dump and pg_restore. The password reaches them by their environment, never by the list of processes."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import make_conninfo

from postledger.vocabulary.operator_error import NotPossible

_DEBIAN = Path("/usr/lib/postgresql")
_QUOTED = re.compile(r'"(?![a-z_][a-z0-9_]*")[^"]*"')


def dump(database_url: str, file: Path) -> None:
    """Write a database into a new file, in pg_restore's custom format. Raises `NotPossible`."""
    partial = file.with_name(f"{file.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(descriptor)
    try:
        _run("pg_dump", database_url, ["--format=custom", f"--file={partial}"])
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(database_url: str, file: Path) -> None:
    """Restore a file into an empty database, all of it or nothing. Owner and rights are those of the database's user.

    Raises `NotPossible`.
    """
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--no-password"]
    _run("pg_restore", database_url, [*arguments, str(file)])


def list_contents(file: Path) -> str:
    """List the contents of a file that `dump` wrote. Raises `NotPossible`."""
    return _execute("pg_restore", ["--list", str(file)], os.environ)


def _run(program: str, database_url: str, arguments: Sequence[str]) -> None:
    environment, rest = _split(database_url)
    _execute(program, [*arguments, f"--dbname={rest}"], {**os.environ, **environment})


def _split(database_url: str) -> tuple[dict[str, str], str]:
    """Split an address into libpq's variables, and the few parameters that have none. The latter hold no secret."""
    options = [option for option in pq.Conninfo.parse(database_url.encode()) if option.val is not None]
    named = {
        option.envvar.decode(): option.val.decode() for option in options if option.envvar is not None and option.val
    }
    rest = {option.keyword.decode(): option.val.decode() for option in options if option.envvar is None and option.val}
    return {**named, "PGAPPNAME": "postledger-archive"}, make_conninfo(dbname=named.get("PGDATABASE", ""), **rest)


def _execute(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    command = [_find(program), *arguments]
    ran = subprocess.run(  # noqa: S603 - our own arguments, without a shell
        command, env={**environment, "LC_ALL": "C"}, capture_output=True, text=True, check=False, errors="replace"
    )
    if ran.returncode:
        raise NotPossible(f"{program} failed: {_summarise(ran.stderr)}")
    return ran.stdout


def _find(program: str) -> str:
    # Debian's programs in /usr/bin choose a version by the clusters of the machine, which the ledger need not be in.
    found = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    path = str(found[-1]) if found else shutil.which(program)
    if path is None:
        raise NotPossible(f"{program} is not installed; on Debian: apt-get install postgresql-client")
    return path


def _summarise(stderr: str) -> str:
    """Return the first error, without quoted text that is no name: it can be a value of a row."""
    lines = [line for line in stderr.splitlines() if "error:" in line or "ERROR:" in line] or stderr.splitlines()
    return _QUOTED.sub('"…"', lines[0]) if lines else "it gave no reason"
