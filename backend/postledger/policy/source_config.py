"""Reads `[[sources]]`: validates each key, and looks up secrets and certificates."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from postledger.decoding.amount_formats import AMOUNT_FORMS, AmountForm, check_forms
from postledger.decoding.identities import IDENTITY_FIELDS
from postledger.decoding.parameters import CANONICAL_NAMES, SUB_NAMES, read_currency, read_event
from postledger.decoding.toml_table import (
    BadValue,
    Fault,
    Table,
    one_of,
    read_flag,
    read_name,
    read_names,
    read_text,
    read_texts,
    read_titles,
    whole_number,
)
from postledger.ledger.rules.status_rules import DUPLICATES, KEYS_BY, OTHER_CLICKS
from postledger.policy.paths_config import (
    check_notices,
    check_paths,
    check_words,
    read_hosts,
    read_notices,
    read_paths,
    read_status_parameters,
    read_test_parameters,
)
from postledger.policy.preset import Preset
from postledger.policy.source import (
    AUTHS,
    DEFAULT_PROFILE,
    STORES_IP,
    VERSIONS,
    EventSettings,
    Settings,
    Source,
    find_profile,
)
from postledger.policy.unsigned_fields import SIGNABLE_NAMES
from postledger.responses.network_responses import read_responses
from postledger.signatures.profile_checks import check_secrets
from postledger.signatures.profile_schema import Profile, read_profile
from postledger.signatures.public_url import read_public_url
from postledger.signatures.verifier import Verifier
from postledger.vocabulary.refusal import Refused
from postledger.vocabulary.statuses import Status

Lookups = Mapping[str, Callable[[str], Sequence[str]]]
"""The lookups for values that the file only names; each may raise `BadValue`.

`secrets_env` finds secrets by variable, `secrets_file` by path, `client_ca` certificates by path or in PEM text, and
`resolve` the addresses of a host.
"""

MOST_PER_SECOND = 1_000_000
_MOST_REVERSALS = 1_000_000
_MAX_TOLERANCE_S = 3650 * 86400
_DURATION = re.compile(r"([0-9]{1,7})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NETWORK_FORM = 'must be addresses or networks such as "203.0.113.7", "203.0.113.0/24", "2001:db8::/32"'
SECRET_KEYS = ("secrets", "secrets_env", "secrets_file")
OF_PRESET = "preset"
"""In `allow`: the addresses of the source's preset at the time when the file is applied."""
_VERSION_BEFORE = re.compile(r"\s*(v1a?,)\s*(whsec_|whpk_|whsk_)", re.IGNORECASE)
_NOT_MASKABLE = ("click_id", "transaction_id", "event", "status", "payout", "currency", "affiliate_id", "event_time")


def read_settings(table: Table, lookups: Lookups, presets: Mapping[str, Preset]) -> Settings:
    """Read a source's table without its slug, its name and its secrets."""
    defaults = Settings()
    preset = table.take("preset", _read_name, defaults.preset)
    settings = Settings(
        preset=preset,
        dialect=table.take("dialect", _read_name, defaults.dialect),
        paths=table.take("paths", read_paths, defaults.paths),
        hosts=table.take("hosts", read_hosts, defaults.hosts),
        auth=table.take("auth", one_of(*AUTHS), defaults.auth),
        token=table.take("token", read_name, defaults.token),
        token_header=table.take("token_header", _read_name, defaults.token_header),
        signature=table.take("signature", lambda value: _read_signature(value, presets), defaults.signature),
        public_url=table.take("public_url", _read_public_url, defaults.public_url),
        allow=table.take("allow", lambda value: _read_networks(value, presets.get(preset or "")), defaults.allow),
        rate=table.take("rate", whole_number(1, MOST_PER_SECOND), defaults.rate),
        burst=table.take("burst", whole_number(0, MOST_PER_SECOND), defaults.burst),
        timestamp_tolerance_s=table.take("timestamp_tolerance", read_duration_s, defaults.timestamp_tolerance_s),
        click=table.take("click", one_of("required", "optional"), defaults.click),
        currency=table.take("currency", _read_currency, defaults.currency),
        mode=table.take("mode", one_of("enforce", "observe"), defaults.mode),
        trusted=table.take("trusted", read_flag, defaults.trusted),
        may_reapprove=table.take("may_reapprove", read_flag, defaults.may_reapprove),
        duplicates=table.take("duplicates", one_of(*DUPLICATES), defaults.duplicates),
        key=table.take("key", one_of(*KEYS_BY), defaults.key),
        events=table.take("events", _read_events, defaults.events),
        reversal_guard=table.take("reversal_guard", whole_number(0, _MOST_REVERSALS), defaults.reversal_guard),
        other_click=table.take("other_click", one_of(*OTHER_CLICKS), defaults.other_click),
        require_signed=table.take("require_signed", _read_signable, defaults.require_signed),
        client_ca=table.take(
            "client_ca", lambda value: read_client_ca(lookups["client_ca"], value), defaults.client_ca
        ),
        pii=table.take("pii", read_texts, defaults.pii),
        store_ip=table.take("store_ip", one_of(*STORES_IP), defaults.store_ip),
        params=table.take("params", _read_params, defaults.params),
        empty=table.take("empty", one_of("refuse", "absent"), defaults.empty),
        literal=table.take("literal", _read_literal, defaults.literal),
        former=table.take("former", _read_former, defaults.former),
        versions=table.take("versions", _read_versions, defaults.versions),
        statuses=table.take("statuses", _read_statuses, defaults.statuses),
        status_parameters=table.take("status_parameters", read_status_parameters, defaults.status_parameters),
        event_names=table.take("event_names", _read_event_names, defaults.event_names),
        test_parameters=table.take("test_parameters", read_test_parameters, defaults.test_parameters),
        notices=table.take("notices", read_notices, defaults.notices),
        amount=table.take("amount", _read_amount_forms, defaults.amount),
        unknown_status=table.take("unknown_status", one_of("refuse", "pending"), defaults.unknown_status),
        negative_payout=table.take("negative_payout", one_of("refuse", "reversed"), defaults.negative_payout),
        reversal_prefix=table.take("reversal_prefix", _read_name, defaults.reversal_prefix),
        ack=table.take("ack", read_responses, defaults.ack),
    )
    _refuse_unmaskable(table, settings)
    check_paths(table, settings)
    check_words(table, settings)
    check_notices(table, settings)
    return settings


def read_secrets(table: Table, lookups: Lookups) -> tuple[str, ...] | None:
    """Read the secrets, newest first, from one of the three keys; None if the table has none of them."""
    given = [key for key in SECRET_KEYS if key in table]
    found = [
        table.take("secrets", _read_secret_list, None),
        table.take("secrets_env", lambda value: _look_up(lookups["secrets_env"], read_texts(value)), None),
        table.take("secrets_file", lambda value: _look_up(lookups["secrets_file"], read_texts(value)), None),
    ]
    if len(given) > 1:
        table.fault(given[1], f"cannot be combined with {given[0]}; keep one of them")
    return next((secrets for secrets in found if secrets is not None), None)


def read_duration_s(value: object, max_s: int = _MAX_TOLERANCE_S) -> int:
    """Read a duration such as "30m", "90s" or "2h", or a number of seconds."""
    seconds = value if isinstance(value, int) and not isinstance(value, bool) else 0
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        seconds = int(match[1]) * _SECONDS[match[2]]
    if 0 < seconds <= max_s:
        return seconds
    raise BadValue(
        f'must be a duration such as "90s", "30m" or "2h", or a number of seconds, of at most {max_s // 86400} days'
    )


def _refuse_unmaskable(table: Table, settings: Settings) -> None:
    names = Source(0, "", settings).canonical_names
    for name in settings.pii:
        if names.get(name) in _NOT_MASKABLE:
            table.fault(
                "pii", f"{name} is read as {names[name]}, which a conversion needs unmasked; remove it from pii"
            )


def _read_name(value: object) -> str | None:
    return read_text(value)


def _read_signature(value: object, presets: Mapping[str, Preset]) -> str | Profile:
    if value == DEFAULT_PROFILE:
        return DEFAULT_PROFILE
    if isinstance(value, str) and value in presets:
        value = presets[value].source.get("signature")
    if not isinstance(value, dict):
        raise BadValue(f'must be the name of a profile ("{DEFAULT_PROFILE}", …) or a table [sources.signature]')
    try:
        return read_profile(value)
    except ValueError as error:
        raise BadValue(str(error)) from None


def _read_public_url(value: object) -> str:
    try:
        read_public_url(read_text(value))
    except ValueError:
        raise BadValue('must be a URL without query, such as "https://track.example.com"') from None
    return read_text(value)


def check_signature(table: Table, settings: Settings, secrets: tuple[str, ...] | None) -> None:
    """Compile the profile and the secrets of a source, so that `apply` refuses what cannot work."""
    profile, url = find_profile(settings), settings.public_url
    try:
        Verifier(profile, (), read_public_url(url) if url else None)
    except ValueError as error:
        table.fault("signature", str(error))
    try:
        check_secrets(profile, secrets or ())
    except ValueError as error:
        table.fault("secrets", str(error))


def _read_currency(value: object) -> str:
    try:
        return read_currency(value if isinstance(value, str) else "")
    except Refused:
        raise BadValue('must be an ISO 4217 code such as "USD"') from None


def read_client_ca(look: Callable[[str], Sequence[str]], value: object) -> str:
    """Read the certificates of authorities: the path of a PEM file, or its text."""
    if isinstance(value, str) and value.strip():
        return "".join(look(value))
    raise BadValue('must be the path of a PEM file with certificates, such as "certs/acme-ca.pem", or its text')


def _read_networks(value: object, preset: Preset | None) -> tuple[str, ...]:
    listed = [network for text in read_texts(value) for network in _expand_preset(text, preset)]
    return tuple(dict.fromkeys(_read_network(text) for text in listed))


def _expand_preset(text: str, preset: Preset | None) -> Sequence[str]:
    if text != OF_PRESET:
        return (text,)
    if preset is None or preset.addresses is None:
        raise BadValue('"preset" needs a preset that lists addresses, and this source has none; list the addresses')
    return preset.addresses.networks


def _read_network(text: str) -> str:
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        raise BadValue(_NETWORK_FORM) from None
    if "%" in text:  # a zone, as in fe80::1%eth0, has a meaning on one machine only
        raise BadValue(_NETWORK_FORM)
    if interface.ip != interface.network.network_address:
        raise BadValue(f"{interface} has bits after the prefix; write {interface.network}")
    return str(interface.network)


def _read_signable(value: object) -> tuple[str, ...]:
    names = read_texts(value)
    unknown = [name for name in names if name not in SIGNABLE_NAMES]
    if unknown:
        raise BadValue(f"{unknown[0]} is not a field that can be signed; use {', '.join(SIGNABLE_NAMES)}")
    return names


def _read_params(value: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.params] of CANONICAL_NAME = the sender's name, or a list of names")
    unknown = [name for name in value if name not in CANONICAL_NAMES]
    if unknown:
        raise BadValue(f"{unknown[0]} is not a canonical name; use {', '.join(CANONICAL_NAMES)}")
    names = {name: _read_named(name, listed) for name, listed in value.items()}
    _refuse_ambiguous(names)
    return names


def _read_literal(value: object) -> tuple[str, ...]:
    names = read_texts(value)
    unknown = [name for name in names if name not in (*IDENTITY_FIELDS, *SUB_NAMES)]
    if unknown:
        raise BadValue(f"{unknown[0]} is not an id or a label; use {', '.join(IDENTITY_FIELDS)}, sub1 to sub10")
    return names


def _read_former(value: object) -> dict[str, tuple[str, ...]]:
    known = ("event", "transaction_id", "click_id")
    if not isinstance(value, dict) or not all(name in known and isinstance(value[name], list) for name in value):
        raise BadValue(f"must be a table [sources.former] of {', '.join(known)} = a list of the sender's names")
    return {name: read_texts(listed) if listed else () for name, listed in value.items()}


def _read_statuses(value: object) -> dict[Status, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.statuses] of STATUS = the sender's word, or a list of words")
    unknown = [name for name in value if name not in set(Status)]
    if unknown:
        raise BadValue(f"{unknown[0]} is not a status; use {', '.join(Status)}")
    words = {name: _read_named(name, listed) for name, listed in value.items()}
    _refuse_ambiguous({name: [word.lower() for word in listed] for name, listed in words.items()})
    return {Status(name): listed for name, listed in words.items()}


def _read_event_names(value: object) -> dict[str, tuple[str, ...]]:
    """Read the table `[sources.event_names]`: our name of an event, and the names that the sender uses for it."""
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.event_names] of EVENT = the sender's name, or a list of names")
    names = {read_event_name(event): _read_named(event, listed, read_titles) for event, listed in value.items()}
    _refuse_ambiguous({event: [name.lower() for name in listed] for event, listed in names.items()})
    return names


def _read_events(value: object) -> dict[str, EventSettings]:
    """Read the tables `[sources.events.NAME]` by event; raises `BadValue` with the first fault."""
    if not isinstance(value, dict) or not all(isinstance(content, dict) for content in value.values()):
        raise BadValue('must be tables such as [sources.events.rebill], each with duplicates = "…" or key = "…"')
    return {read_event_name(name): _read_event(name, content) for name, content in value.items()}


def read_event_name(name: str) -> str:
    """Read the name of one of our events."""
    try:
        if read_event(name) == name:
            return name
    except Refused:
        pass
    raise BadValue(f'"{name}" is not the name of an event; use 1 to 64 of a-z, 0-9, "_", "." and "-"')


def _read_event(name: str, content: Mapping[str, object]) -> EventSettings:
    faults: list[Fault] = []
    table = Table(name, content, faults)
    settings = EventSettings(
        duplicates=table.take("duplicates", one_of(*DUPLICATES), None),
        key=table.take("key", one_of(*KEYS_BY), None),
    )
    table.refuse_unknown()
    if faults:
        raise BadValue(str(faults[0]))
    return settings


def _read_versions(value: object) -> tuple[Literal[1, 2], ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed or any(isinstance(item, bool) or item not in VERSIONS for item in listed):
        raise BadValue(f"must be a list of API versions, such as [1]; use {', '.join(map(str, VERSIONS))}")
    return tuple(version for version in VERSIONS if version in listed)


def _read_amount_forms(value: object) -> tuple[AmountForm, ...]:
    forms = tuple(one_of(*AMOUNT_FORMS)(text) for text in read_texts(value))
    try:
        check_forms(forms)
    except ValueError as error:
        raise BadValue(str(error)) from None
    return () if forms == ("plain",) else forms


def _read_named(name: str, value: object, read: Callable[[object], tuple[str, ...]] = read_names) -> tuple[str, ...]:
    try:
        return read(value)
    except BadValue as error:
        raise BadValue(f"{name} {error}, or a list of such texts") from None


def _refuse_ambiguous(claims: Mapping[str, Iterable[str]]) -> None:
    claimed: dict[str, str] = {}
    for name, listed in claims.items():
        for word in listed:
            if claimed.setdefault(word, name) != name:
                raise BadValue(f'"{word}" is used for {claimed[word]} and for {name}; keep one of them')


def _look_up(look: Callable[[str], Sequence[str]], names: Sequence[str]) -> tuple[str, ...]:
    return _check_secrets([secret for name in names for secret in look(name)])


def _read_secret_list(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadValue('must be a list of texts, newest first, such as ["…", "…"]')
    return _check_secrets(value)


def _check_secrets(secrets: Sequence[str]) -> tuple[str, ...]:
    if not secrets:
        raise BadValue("has no secret; add one, or remove the key to keep the stored secrets")
    secrets = [secret.strip() if secret.startswith("-----BEGIN") else secret for secret in secrets]  # the PEM of a key
    for number, secret in enumerate(secrets, 1):
        if found := _VERSION_BEFORE.match(secret):
            raise BadValue(
                f"secret {number} has {found[1]} in front; remove it, because the secret starts with {found[2]}"
            )
        if not secret or secret != secret.strip():
            raise BadValue(f"secret {number} is empty, or starts or ends with a space; correct it")
    if len(set(secrets)) < len(secrets):
        raise BadValue("has the same secret twice; remove one")
    return tuple(secrets)
