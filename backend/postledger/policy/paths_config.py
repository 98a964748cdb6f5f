"""Reads the keys of `[[sources]]` that take over another tracker's URLs.

These are `paths`, `hosts`, `status_parameters`, `test_parameters` and `notices`.
"""

from collections.abc import Callable, Iterable

from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.decoding.source_paths import KEY, check_host, check_path
from postledger.decoding.toml_table import BadValue, Table, read_name, read_texts
from postledger.policy.source import DEFAULT_PROFILE, Settings, find_profile
from postledger.vocabulary.statuses import Status


def read_paths(value: object) -> tuple[str, ...]:
    """Read one path, or a list of them."""
    return tuple(_read(text, check_path) for text in _read_list(value))


def read_hosts(value: object) -> tuple[str, ...]:
    """Read one host name, or a list of them."""
    return tuple(_read(text, check_host) for text in _read_list(value))


def read_status_parameters(value: object) -> dict[str, Status]:
    """Read a table of parameters, each with the status of the words that it lists."""
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.status_parameters] of PARAMETER = a status")
    for name, status in value.items():
        read_name(name)
        if name in CANONICAL_NAMES:
            raise BadValue(f"{name} is a canonical name and cannot list words; use the parameter of your tracker")
        if status not in set(Status):
            raise BadValue(f"{name} must be one of {', '.join(Status)}")
    return {name: Status(status) for name, status in value.items()}


def read_test_parameters(value: object) -> dict[str, tuple[str, ...]]:
    """Read a table of parameters, each with the words that mark a test postback."""
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.test_parameters] of PARAMETER = a word, or a list of words")
    for name in value:
        read_name(name)
        if name in CANONICAL_NAMES:
            raise BadValue(f"{name} is a canonical name and cannot mark test postbacks; use another parameter")
    return {name: read_texts(words) for name, words in value.items()}


def read_notices(value: object) -> dict[str, tuple[str, ...]]:
    """Read a table of parameters, each with the words that mark a notice: a request that is no conversion."""
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.notices] of PARAMETER = a word, or a list of words")
    return {read_name(name): read_texts(words) for name, words in value.items()}


def check_paths(table: Table, settings: Settings) -> None:
    """Record contradictions: hosts without paths, a key in a path without token, a dialect without `auth`."""
    if settings.hosts and not settings.paths:
        table.fault("hosts", "has no effect without paths; add paths or remove hosts")
    if any(KEY in path for path in settings.paths) and settings.auth != "token":
        table.fault("paths", '{key} in a path is a token; set auth = "token"')
    is_left_open = settings.auth == "signature" and settings.signature == DEFAULT_PROFILE and "auth" not in table
    if settings.dialect is not None and is_left_open:
        table.fault("auth", _describe_auth(settings.token))


def _describe_auth(token: str) -> str:
    if token == Settings().token:
        return 'is missing; URLs of this tracker have no secret: set "none" and allow, or "token"'
    return f'is missing; URLs of this tracker may have {token}: set "token" if yours do, else "none" and allow'


def check_words(table: Table, settings: Settings) -> None:
    """Record a word parameter that has another meaning already, or whose words would be masked."""
    claimed = dict.fromkeys(_name_signed_with(settings), "the parameter of the signature or its timestamp")
    claimed |= {alias: "one of the params" for aliases in settings.params.values() for alias in aliases}
    claimed |= dict.fromkeys(settings.pii, "masked by pii")
    for key, names in (
        ("status_parameters", settings.status_parameters),
        ("test_parameters", settings.test_parameters),
    ):
        for name in names:
            if name in claimed:
                table.fault(key, f"{name} is already {claimed[name]}; use another parameter")
        claimed |= dict.fromkeys(names, f"one of the {key}")


def check_notices(table: Table, settings: Settings) -> None:
    """Record a notice parameter that is part of the signature, or whose words would be masked."""
    claimed = dict.fromkeys(_name_signed_with(settings), "the parameter of the signature or its timestamp")
    claimed |= dict.fromkeys(settings.pii, "masked by pii")
    for name in settings.notices:
        if name in claimed:
            table.fault("notices", f"{name} is {claimed[name]}; use another parameter")


def _name_signed_with(settings: Settings) -> Iterable[str]:
    try:
        return find_profile(settings).name_parameters()
    except ValueError:  # check_signature reports it
        return ()


def _read_list(value: object) -> tuple[str, ...]:
    return () if value == [] else read_texts(value)


def _read(text: str, check: Callable[[str], None]) -> str:
    try:
        check(text)
    except ValueError as error:
        raise BadValue(str(error)) from None
    return text
