"""What a worker of nginx is doing, by its process title."""

from pathlib import Path


def is_shutting_down(pid: int) -> bool:
    """True when nginx has told this worker to end, or it has ended: it keeps no connection any more."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        title = ""
    return not title or "shutting down" in title
