"""The schema of a database as text that two databases can be compared by.

`python -m tests.parts.schema DATABASE_URL` prints it; that is how `schema.sql` is brought up to date after a migration.
"""

import re
import subprocess
import sys

_NOISE = re.compile(r"^(--|SET |SELECT pg_catalog\.set_config|\\)")


def dump_schema(url: str) -> str:
    """Dump tables, indexes and constraints; what pg_dump says of itself, and of one day's partitions, is left out."""
    dump = subprocess.run(
        ["pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=postbacks_*", url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    lines = [line for line in dump.splitlines() if not _NOISE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(dump_schema(sys.argv[1]))
