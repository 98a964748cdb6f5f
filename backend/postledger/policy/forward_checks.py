"""Checks forwards against the ledger and the rest of the file: secrets, and the names that they match. Pure."""

from collections.abc import Iterable, Iterator

from postledger.decoding.toml_table import Fault
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.standard_webhooks import read_signing_key
from postledger.policy.config_file import Configuration
from postledger.policy.diff import Stored
from postledger.policy.forward_config import ForwardConfig, uses_secret

_ADVICE = "add secrets_env, with the name of an environment variable"


def find_forward_faults(target: Configuration, stored: Stored, *, prune: bool) -> list[Fault]:
    """Find the forwards that cannot work: a secret is missing or cannot sign, or a name of `match` does not exist."""
    known = {**stored.retired.forwards, **stored.in_force.forwards}
    sources = _list_names(target.sources, () if prune else stored.in_force.sources)
    campaigns = _list_names(target.campaigns, () if prune else stored.in_force.campaigns)
    return [
        fault
        for slug, config in target.forwards.items()
        for fault in (
            *_check_secrets(config.forward, _find_secrets(config, known.get(slug))),
            *_check_names(config.forward, "source", config.forward.match.source, sources),
            *_check_names(config.forward, "campaign", config.forward.match.campaign, campaigns),
        )
    ]


def find_forward_warnings(target: Configuration) -> list[Fault]:
    """Find the forwards whose secrets have no use."""
    message = "have no effect; use {secret} in url, or set sign = true"
    return [
        Fault(f"forwards[{slug}]", "secrets", message)
        for slug, config in target.forwards.items()
        if config.secrets and not config.forward.sign and not uses_secret(config.forward)
    ]


def _list_names(target: Iterable[str], in_force: Iterable[str]) -> frozenset[str]:
    return frozenset(target) | frozenset(in_force)


def _find_secrets(config: ForwardConfig, known: ForwardConfig | None) -> tuple[str, ...] | None:
    """Find the secrets that the forward will have; None if they are stored and no master key decrypts one of them."""
    if config.secrets is not None:
        return config.secrets
    return () if known is None else known.secrets


def _check_secrets(forward: Forward, secrets: tuple[str, ...] | None) -> Iterator[Fault]:
    table = f"forwards[{forward.slug}]"
    if secrets == () and uses_secret(forward):
        yield Fault(table, "url", f"uses {{secret}}, and the forward has none; {_ADVICE}")
    if secrets == () and forward.sign:
        yield Fault(table, "sign", f"needs a secret; {_ADVICE}")
    for number, secret in enumerate(secrets or () if forward.sign else (), 1):
        try:
            read_signing_key(secret)
        except ValueError as error:
            yield Fault(table, "sign", f"secret {number} {error}")


def _check_names(forward: Forward, kind: str, names: Iterable[str], known: frozenset[str]) -> Iterator[Fault]:
    for name in names:
        if "*" not in name and name not in known:
            message = f"{kind} {name} does not exist; add it to [[{kind}s]], or correct the name"
            yield Fault(f"forwards[{forward.slug}]", "match", message)
