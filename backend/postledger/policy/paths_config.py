"""What `[[sources]]` may say of paths of its own: `paths`, `hosts`, and the parameters whose words mean something.

Apart from the other keys, because these make a source answer where another tracker did, and as it did.
"""

from collections.abc import Callable, Iterable

from postledger.decoding.parameters import CANONICAL_NAMES
from postledger.decoding.source_paths import KEY, check_host, check_path
from postledger.decoding.toml_table import BadValue, Table, read_text, read_texts
from postledger.policy.source import DEFAULT_PROFILE, Settings, find_profile
from postledger.vocabulary.statuses import Status


def read_paths(value: object) -> tuple[str, ...]:
    """Read one path, or a list of them."""
    return tuple(_read(text, check_path) for text in _read_list(value))


def read_hosts(value: object) -> tuple[str, ...]:
    """Read one host name, or a list of them."""
    return tuple(_read(text, check_host) for text in _read_list(value))


def read_status_parameters(value: object) -> dict[str, Status]:
    """Read a table of parameters, each with the status that the words listed in it have."""
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.status_parameters] of PARAMETER = a status")
    for name, status in value.items():
        read_text(name)
        if name in CANONICAL_NAMES:
            raise BadValue(f"{name} is a canonical name; it cannot list words as well")
        if status not in set(Status):
            raise BadValue(f"{name} must be one of {', '.join(Status)}")
    return {name: Status(status) for name, status in value.items()}


def read_test_parameters(value: object) -> dict[str, tuple[str, ...]]:
    """Read a table of parameters, each with the words in it that call a postback a test."""
    if not isinstance(value, dict):
        raise BadValue("must be a table [sources.test_parameters] of PARAMETER = a word, or a list of words")
    for name in value:
        read_text(name)
        if name in CANONICAL_NAMES:
            raise BadValue(f"{name} is a canonical name; it cannot call a postback a test as well")
    return {name: read_texts(words) for name, words in value.items()}


def check_paths(table: Table, settings: Settings) -> None:
    """File what contradicts itself: hosts of no path, a key that nobody would check, a dialect that proves nothing."""
    if settings.hosts and not settings.paths:
        table.fault("hosts", "says under which names paths are answered, and there are no paths")
    if any(KEY in path for path in settings.paths) and settings.auth != "token":
        table.fault("paths", 'has {key} in it, which is a token: it needs auth = "token"')
    is_left_open = settings.auth == "signature" and settings.signature == DEFAULT_PROFILE and "auth" not in table
    if settings.dialect is not None and is_left_open:
        table.fault("auth", _tell_auth(settings.token))


def _tell_auth(token: str) -> str:
    if token == Settings().token:
        return 'is missing: an address of this tracker holds no secret. Say "none", and allow, or "token"'
    return f'is missing: this tracker\'s addresses may hold {token}. Say "token" if yours do, else "none", and allow'


def check_words(table: Table, settings: Settings) -> None:
    """File a parameter of words that is something else already, or whose words would be masked before they are read."""
    claimed = dict.fromkeys(_name_signed_with(settings), "what the signature or its time is sent in")
    claimed |= {alias: "one of the params" for aliases in settings.params.values() for alias in aliases}
    claimed |= dict.fromkeys(settings.pii, "masked by pii")
    for key, names in (
        ("status_parameters", settings.status_parameters),
        ("test_parameters", settings.test_parameters),
    ):
        for name in names:
            if name in claimed:
                table.fault(key, f"{name} is {claimed[name]} already")
        claimed |= dict.fromkeys(names, f"one of the {key}")


def _name_signed_with(settings: Settings) -> Iterable[str]:
    try:
        return find_profile(settings).name_parameters()
    except ValueError:  # which is told of the signature itself
        return ()


def _read_list(value: object) -> tuple[str, ...]:
    return () if value == [] else read_texts(value)


def _read(text: str, check: Callable[[str], None]) -> str:
    try:
        check(text)
    except ValueError as error:
        raise BadValue(str(error)) from None
    return text
