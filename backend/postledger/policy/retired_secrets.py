"""Finds secrets in a configuration that an operator has retired, because `apply` must not bring a leaked one back."""

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from postledger.decoding.toml_table import Fault
from postledger.policy.config_file import Configuration, SourceConfig


class RetiredSecret(NamedTuple):
    """A secret that is no longer live, and since when. `may_return`: `apply` replaced it, no operator retired it."""

    secret: str
    retired_at: datetime
    may_return: bool


def find_retired_secrets(target: Configuration, read_retired: Callable[[str], Sequence[RetiredSecret]]) -> list[Fault]:
    """Find the secrets of a configuration that are among the retired ones of their source."""
    return [fault for source in target.sources.values() for fault in _find(source, read_retired)]


def _find(source: SourceConfig, read_retired: Callable[[str], Sequence[RetiredSecret]]) -> Iterator[Fault]:
    retired = [one for one in read_retired(source.slug) if not one.may_return] if source.secrets else ()
    for number, secret in enumerate(source.secrets or (), 1):
        if (retired_at := _find_retirement(secret, retired)) is not None:
            yield Fault(
                f"sources[{source.slug}]",
                "secrets",
                f"number {number} was retired on {retired_at:%Y-%m-%d} and is not accepted again; remove it,"
                " or replace it by a new secret",
            )


def _find_retirement(secret: str, retired: Iterable[RetiredSecret]) -> datetime | None:
    # In constant time and without an early end: the duration must not show how much of a secret is right.
    matches = [one.retired_at for one in retired if hmac.compare_digest(one.secret.encode(), secret.encode())]
    return matches[-1] if matches else None
