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
            *_check_secrets(config, _find_secrets(config, stored.in_force.forwards.get(slug))),
            *find_unknown_names(_table(slug), _list_patterns(config.forward), known),
        )
    ]


def find_forward_warnings(target: Configuration, stored: Stored) -> list[Fault]:
    """Find secrets without use, parameters of a preset that are left out, and patterns that match nothing."""
    known = list_known(target, stored)
    return [
        fault
        for slug, config in target.forwards.items()
        for fault in (
            *_warn_of_secrets(config),
            *_warn_of_left_out(config),
            *find_idle_patterns(_table(slug), _list_patterns(config.forward), known),
        )
    ]


def _table(slug: str) -> str:
    return f"forwards[{slug}]"


def _miss_secret(config: ForwardConfig) -> Fault:
    table, forward = _table(config.forward.slug), config.forward
    if forward.preset is not None and not config.written.asks_secret:
        return Fault(table, "preset", f"{forward.preset} needs a secret, and the forward has none; {_ADVICE}")
    key = "url" if "secret" in forward.template.macros else "body"
    return Fault(table, key, f"uses {{secret}}, and the forward has none; {_ADVICE}")


def _list_patterns(forward: Forward) -> Patterns:
    return {"source": forward.match.source, "campaign": forward.match.campaign}


def _warn_of_secrets(config: ForwardConfig) -> Iterator[Fault]:
    if config.secrets and not config.forward.sign and not uses_secret(config.forward):
        message = "have no effect; use {secret} in url, or set sign = true"
        yield Fault(_table(config.forward.slug), config.written.secrets_key, message)


def _warn_of_left_out(config: ForwardConfig) -> Iterator[Fault]:
    if names := config.written.left_out:
        message = "has a query, so the parameters of the preset are not added; add to params what you need of"
        yield Fault(_table(config.forward.slug), "url", f"{message} {', '.join(names)}")


def _find_secrets(config: ForwardConfig, known: ForwardConfig | None) -> tuple[str, ...] | None:
    """Find the secrets that the forward will have; None if they are stored and no master key decrypts one of them."""
    if config.secrets is not None:
        return config.secrets
    return () if known is None else known.secrets


def _check_secrets(config: ForwardConfig, secrets: tuple[str, ...] | None) -> Iterator[Fault]:
    forward, table = config.forward, _table(config.forward.slug)
    if secrets == () and uses_secret(forward):
        yield _miss_secret(config)
    if secrets == () and forward.sign:
        yield Fault(table, "sign", f"needs a secret; {_ADVICE}")
    for number, secret in enumerate(secrets or () if forward.sign else (), 1):
        try:
            read_signing_key(secret)
        except ValueError as error:
            yield Fault(table, "sign", f"secret {number} {error}")
