"""Writes durations as the configuration file has them."""

_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def write_duration(seconds: int) -> str:
    """Write a duration in the largest unit that leaves no remainder."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"
