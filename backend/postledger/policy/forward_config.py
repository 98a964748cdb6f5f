"""Reads `[[forwards]]` of the configuration file. Pure: the caller's `Lookups` find secrets and resolve names."""

import re
from collections.abc import Mapping

import msgspec

from postledger.decoding.toml_table import BadValue, Table, one_of, read_flag, read_text, read_texts, whole_number
from postledger.outgoing.rules.addresses import (
    DESCRIPTIONS,
    Blocked,
    is_address,
    refuse_address,
    refuse_literal,
    spell_plainly,
)
from postledger.outgoing.rules.forward import METHODS, Forward, Match, Method
from postledger.outgoing.rules.url_template import Text, UrlTemplate
from postledger.policy.forward_preset import (
    ForwardPreset,
    complete_url,
    find_left_out,
    find_missing_params,
    merge_forward_preset,
)
from postledger.policy.source_config import SECRET_KEYS, Lookups, read_duration_s, read_event_name, read_secrets
from postledger.vocabulary.statuses import Status

_MOST_AT_ONCE, _MOST_PER_SECOND, _LONGEST_TIMEOUT_S = 256, 100_000, 30
_MOST_TEXT = 255
_SLUG_PATTERN = re.compile(r"[a-z0-9*-]{1,80}")
_EVENT_PATTERN = re.compile(r"[a-z0-9_.*-]{1,80}")
_DEFAULTS = Forward("", "")
_ALLOW = "use a public address, or set allow_private = true"


class Written(msgspec.Struct, frozen=True):
    """What the file says of a forward beyond what is stored, for messages.

    `secrets_key` names its secrets, `left_out` are parameters of the preset that its own URL lacks, and `asks_secret`
    says whether it contains {secret} itself, not by its preset.
    """

    secrets_key: str = "secrets"
    left_out: tuple[str, ...] = ()
    asks_secret: bool = False


class ForwardConfig(msgspec.Struct, frozen=True):
    """A forward as configured; `secrets` is None if the file does not change them.

    If the stored settings of a forward cannot be read, `is_readable` is False and `forward` holds the defaults.
    """

    forward: Forward
    secrets: tuple[str, ...] | None = None
    is_readable: bool = True
    written: Written = Written()


def read_forward(table: Table, slug: str, lookups: Lookups, presets: Mapping[str, ForwardPreset]) -> ForwardConfig:
    """Read one of `[[forwards]]`, without its slug."""
    preset = table.take("preset", lambda value: _find_preset(value, presets), None)
    if preset is not None:
        table = table.with_defaults(lambda own: merge_forward_preset(preset, own))
    secrets = read_secrets(table, lookups)
    url, params = table.require("url", _read_plain_url, ""), table.take("params", _read_params, _DEFAULTS.body)
    forward = Forward(
        slug,
        _complete_url(table, url, params, preset, has_secrets=secrets is not None),
        preset=table.take("preset", read_text, None),
        match=table.take("match", _read_match, _DEFAULTS.match),
        method=table.take("method", _read_method, _DEFAULTS.method),
        body=table.take("body", _read_body, _DEFAULTS.body),
        sign=table.take("sign", read_flag, _DEFAULTS.sign),
        statuses=table.take("statuses", _read_statuses, _DEFAULTS.statuses),
        events=table.take("events", _read_events, _DEFAULTS.events),
        expect=table.take("expect", _read_expect, _DEFAULTS.expect),
        concurrency=table.take("concurrency", whole_number(1, _MOST_AT_ONCE), _DEFAULTS.concurrency),
        rate=table.take("rate", whole_number(1, _MOST_PER_SECOND), _DEFAULTS.rate),
        timeout_s=table.take("timeout", _read_timeout, _DEFAULTS.timeout_s),
        allow_private=table.take("allow_private", read_flag, _DEFAULTS.allow_private),
        switch_off_after_s=table.take("switch_off_after", read_duration_s, _DEFAULTS.switch_off_after_s),
    )
    table.refuse_unknown()
    _check_url(table, forward, lookups)
    _check_body(table, forward)
    _check_signing(table, forward)
    written = Written(
        next((key for key in SECRET_KEYS if key in table), "secrets"),
        tuple(find_left_out(url, preset, params, has_secrets=secrets is not None)) if preset else (),
        any("{secret}" in text for text in (url, *params.values(), *forward.body.values())),
    )
    return ForwardConfig(forward, secrets, written=written)


def uses_secret(forward: Forward) -> bool:
    """Return whether the secret is sent, in the URL or in the body."""
    in_body = any("secret" in Text.parse(text).parts[1::2] for text in forward.body.values())
    return in_body or "secret" in forward.template.macros


def _find_preset(value: object, presets: Mapping[str, ForwardPreset]) -> ForwardPreset:
    if isinstance(value, str) and value in presets:
        return presets[value]
    raise BadValue(f"is not the name of a preset of forwards; use one of {', '.join(presets)}")


def _complete_url(
    table: Table, url: str, params: dict[str, str], preset: ForwardPreset | None, *, has_secrets: bool
) -> str:
    if not url:  # its fault is recorded already
        return ""
    if preset is not None:
        for name in find_missing_params(url, preset, params):
            table.fault("params", f'{name} is missing; the preset needs it: params = {{ {name} = "…" }}')
    return complete_url(url, preset, params, has_secrets=has_secrets)


def _read_plain_url(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise BadValue('must be a URL in quotes, such as "https://track.example/postback?cid={click_id}"')


def _check_url(table: Table, forward: Forward, lookups: Lookups) -> None:
    if not forward.url:
        return
    try:
        template = UrlTemplate.parse(forward.url)
    except ValueError as error:
        table.fault("url", str(error))
        return
    if found := find_blocked(template, lookups, allow_private=forward.allow_private):
        table.fault("url", f"leads to {found}")


def find_blocked(template: UrlTemplate, lookups: Lookups, *, allow_private: bool) -> str | None:
    """Return where a URL leads that it must not lead to, and what to do; None if it may be used."""
    reason = refuse_literal(template.host, template.port, allow_private=allow_private)
    if reason is Blocked.ODD_ADDRESS:
        return f"{DESCRIPTIONS[reason]}; write it as {spell_plainly(template.host) or 'four decimal numbers with dots'}"
    if reason:
        return f"{DESCRIPTIONS[reason]}; {_ALLOW}"
    if allow_private or is_address(template.host):
        return None
    for address in lookups["resolve"](template.host):
        if reason := refuse_address(address, template.port, allow_private=False):
            return f"{DESCRIPTIONS[reason]}: {template.host} resolves to {address}; {_ALLOW}"
    return None


def _check_body(table: Table, forward: Forward) -> None:
    if forward.body and forward.method == "GET":
        table.fault("body", 'is never sent by GET; set method = "form" or "json", or use params')


def _check_signing(table: Table, forward: Forward) -> None:
    if not forward.sign:
        return
    if forward.method == "GET":
        table.fault("sign", 'signs the body, and GET has none; set method = "form" or "json"')
    if "{secret}" in forward.url or any("{secret}" in text for text in forward.body.values()):
        table.fault("sign", "cannot be combined with {secret}, because the signing key would be sent; keep one of them")


def _read_params(value: object) -> dict[str, str]:
    return _read_templates(value, "[forwards.params] of PARAMETER = a text with macros")


def _read_body(value: object) -> dict[str, str]:
    return _read_templates(value, "[forwards.body] of FIELD = a text with macros")


def _read_templates(value: object, form: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(
        isinstance(text, str) and len(text) <= _MOST_TEXT for text in value.values()
    ):
        raise BadValue(f"must be a table {form}")
    for name, text in value.items():
        read_text(name)
        try:
            Text.parse(text)
        except ValueError as error:
            raise BadValue(f"{name} {error}") from None
    return dict(value)


def _read_match(value: object) -> Match:
    if not isinstance(value, dict):
        raise BadValue('must be a table such as { source = ["acme"], status = ["approved"] }')
    if unknown := [key for key in value if key not in Match.__struct_fields__]:
        raise BadValue(f"{unknown[0]} is unknown; use {', '.join(Match.__struct_fields__)}")
    return Match(
        _read_patterns("source", value, _SLUG_PATTERN),
        _read_patterns("campaign", value, _SLUG_PATTERN),
        _read_patterns("event", value, _EVENT_PATTERN),
        _read_status_list(value),
    )


def _read_patterns(key: str, value: Mapping[str, object], form: re.Pattern[str]) -> tuple[str, ...]:
    patterns = _read_list(key, value)
    if not all(map(form.fullmatch, patterns)):
        raise BadValue(f"{key} has a name that no {key} can have; * stands for any text")
    return patterns


def _read_status_list(value: Mapping[str, object]) -> tuple[Status, ...]:
    words = _read_list("status", value)
    if not set(words) <= set(Status):
        raise BadValue(f"status must be some of {', '.join(Status)}")
    return tuple(map(Status, words))


def _read_list(key: str, value: Mapping[str, object]) -> tuple[str, ...]:
    if value.get(key) == []:
        raise BadValue(f"{key} is empty and would match nothing; list names, or remove it")
    return read_texts(value[key]) if key in value else ()


def _read_statuses(value: object) -> dict[Status, str]:
    words = _read_words(value, "[forwards.statuses] of our status = the receiver's word")
    if not set(words) <= set(Status):
        raise BadValue(f"the keys must be some of {', '.join(Status)}")
    return {Status(status): word for status, word in words.items()}


def _read_events(value: object) -> dict[str, str]:
    words = _read_words(value, "[forwards.events] of our event = the receiver's word")
    return {read_event_name(event): word for event, word in words.items()}


def _read_words(value: object, form: str) -> dict[str, str]:
    if isinstance(value, dict) and all(isinstance(word, str) and len(word) <= _MOST_TEXT for word in value.values()):
        return {read_text(name): word for name, word in value.items()}
    raise BadValue(f"must be a table {form}")


def _read_method(value: object) -> Method:
    """Read a method, in capital letters or not."""
    known = {method.lower(): method for method in METHODS}
    return known.get(value.lower() if isinstance(value, str) else "") or one_of(*METHODS)(value)


def _read_expect(value: object) -> tuple[int, ...]:
    statuses = value if isinstance(value, list) else [value]
    read = whole_number(200, 599)
    if not statuses:
        raise BadValue("is empty, so no answer would do; list statuses such as [200, 204], or remove it")
    return tuple(dict.fromkeys(read(status) for status in statuses))


def _read_timeout(value: object) -> int:
    seconds = read_duration_s(value)
    if seconds <= _LONGEST_TIMEOUT_S:
        return seconds
    raise BadValue(f'must be at most "{_LONGEST_TIMEOUT_S}s"')
