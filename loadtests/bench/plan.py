"""What one run is asked to do, read from the environment, so that `make bench ROWS=…` needs no flags."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

CONTESTANTS = ("a", "e", "b", "n", "w", "s", "r", "m", "c", "d")
# What tuning on two cores found best; the run still takes the best of all, by the median of its rounds.
TEXTBOOKS = ("sync:1", "gthread:16", "gevent:16")


class BadPlan(Exception):
    """A variable is malformed; the message names it and says what is accepted."""


class Plan(msgspec.Struct, frozen=True):
    """The parameters of a run; `rows` asks for the table over ledger sizes instead of the comparison."""

    duration_s: int
    warm_up_s: int
    rounds: int
    turns: int
    connections: int
    threads: int
    workers: int
    only: tuple[str, ...]
    textbooks: tuple[tuple[str, int], ...]
    floors: tuple[int, ...]
    rows: tuple[int, ...]
    baseline: Path | None


def read_plan(environment: Mapping[str, str]) -> Plan:
    """Read the plan; raises `BadPlan`."""
    connections = _count(environment, "CONNECTIONS", 64)
    return Plan(
        duration_s=_count(environment, "DURATION", 5),
        warm_up_s=_count(environment, "WARM_UP", 3),
        rounds=_count(environment, "ROUNDS", 5),
        turns=_count(environment, "TURNS", 36),
        connections=connections,
        threads=_count(environment, "THREADS", 2),
        workers=_count(environment, "WORKERS", 2),
        only=_letters(environment),
        textbooks=tuple(_textbook(text) for text in _list(environment, "TEXTBOOK", TEXTBOOKS)),
        floors=_counts(environment, "FLOOR", tuple(sorted({connections, max(1, connections // 4)}))),
        rows=_counts(environment, "ROWS", ()),
        baseline=_checkout(environment),
    )


def _list(environment: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    text = environment.get(name, "")
    return tuple(part.strip() for part in text.split(",")) if text else default


def _count(environment: Mapping[str, str], name: str, default: int) -> int:
    return _whole(name, environment.get(name) or str(default))


def _counts(environment: Mapping[str, str], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(_whole(name, part) for part in _list(environment, name, tuple(map(str, default))))


def _whole(name: str, text: str) -> int:
    digits = text.replace("_", "")
    if digits.isascii() and digits.isdigit() and int(digits) > 0:
        return int(digits)
    raise BadPlan(f"{name} must hold whole numbers of at least 1")


def _letters(environment: Mapping[str, str]) -> tuple[str, ...]:
    letters = _list(environment, "ONLY", CONTESTANTS)
    if set(letters) <= set(CONTESTANTS):
        return letters
    raise BadPlan(f"ONLY must name some of {', '.join(CONTESTANTS)}")


def _textbook(text: str) -> tuple[str, int]:
    kind, _, size = text.partition(":")
    if kind in ("sync", "gthread", "gevent"):
        return kind, _whole("TEXTBOOK", size or "1")
    raise BadPlan("TEXTBOOK must hold pairs such as gthread:16 or gevent:16")


def _checkout(environment: Mapping[str, str]) -> Path | None:
    text = environment.get("BASELINE", "")
    if text and not Path(text, "backend/gunicorn.conf.py").is_file():
        raise BadPlan("BASELINE must be the folder of another checkout of Postledger")
    return Path(text).resolve() if text else None
