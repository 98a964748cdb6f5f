"""Checks forwards against the ledger and the rest of the file: secrets, and the names that they match. Pure."""

from collections.abc import Iterator

from postledger.decoding.toml_table import Fault
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.standard_webhooks import read_signing_key
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored
from postledger.policy.forward_config import ForwardConfig, uses_secret
from postledger.policy.match_checks import Patterns, find_idle_patterns, find_unknown_names, list_known

_ADVICE = "add secrets_env, with the name of an environment variable"


def find_forward_faults(target: Configuration, stored: Stored) -> list[Fault]:
    """Find the forwards that cannot work: a secret is missing or cannot sign, or a name of `match` does not exist."""
    known = list_known(target, stored)
    return [
        fault
        for slug, config in target.forwards.items()
        for fault in (
            *_check_secrets(config.forward, _find_secrets(config, stored.in_force.forwards.get(slug))),
            *find_unknown_names(_table(slug), _list_patterns(config.forward), known),
        )
    ]


def find_forward_warnings(target: Configuration, stored: Stored) -> list[Fault]:
    """Find the forwards whose secrets have no use, and their patterns that match nothing."""
    known = list_known(target, stored)
    return [
        fault
        for slug, config in target.forwards.items()
        for fault in (
            *_warn_of_secrets(config),
            *find_idle_patterns(_table(slug), _list_patterns(config.forward), known),
        )
    ]


def _table(slug: str) -> str:
    return f"forwards[{slug}]"


def _list_patterns(forward: Forward) -> Patterns:
    return {"source": forward.match.source, "campaign": forward.match.campaign}


def _warn_of_secrets(config: ForwardConfig) -> Iterator[Fault]:
    if config.secrets and not config.forward.sign and not uses_secret(config.forward):
        message = "have no effect; use {secret} in url, or set sign = true"
        yield Fault(_table(config.forward.slug), "secrets", message)


def _find_secrets(config: ForwardConfig, known: ForwardConfig | None) -> tuple[str, ...] | None:
    """Find the secrets that the forward will have; None if they are stored and no master key decrypts one of them."""
    if config.secrets is not None:
        return config.secrets
    return () if known is None else known.secrets


def _check_secrets(forward: Forward, secrets: tuple[str, ...] | None) -> Iterator[Fault]:
    table = _table(forward.slug)
    if secrets == () and uses_secret(forward):
        yield Fault(table, "url", f"uses {{secret}}, and the forward has none; {_ADVICE}")
    if secrets == () and forward.sign:
        yield Fault(table, "sign", f"needs a secret; {_ADVICE}")
    for number, secret in enumerate(secrets or () if forward.sign else (), 1):
        try:
            read_signing_key(secret)
        except ValueError as error:
            yield Fault(table, "sign", f"secret {number} {error}")
