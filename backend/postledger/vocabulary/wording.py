"""Words of messages that people read."""


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Write a number with its noun: "1 postback", "2 postbacks"."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
