"""What `[[sources]]` may say of paths of its own: `paths`, `hosts`, and the parameters that give words their meaning.

Apart from the other keys, because these make a source answer where another tracker did.
"""

from collections.abc import Callable

from postledger.domain.parameters import CANONICAL_NAMES
from postledger.domain.paths import KEY, check_host, check_path
from postledger.domain.source import DEFAULT_PROFILE, Settings
from postledger.domain.status import Status
from postledger.domain.tables import BadValue, Table, read_text, read_texts


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


def check_paths(table: Table, settings: Settings) -> None:
    """File what contradicts itself: hosts of no path, a key that nobody would check, a dialect that proves nothing."""
    if settings.hosts and not settings.paths:
        table.fault("hosts", "says under which names paths are answered, and there are no paths")
    if any(KEY in path for path in settings.paths) and settings.auth != "token":
        table.fault("paths", 'has {key} in it, which is a token: it needs auth = "token"')
    claimed = {alias for aliases in settings.params.values() for alias in aliases}
    for name in settings.status_parameters:
        if name in claimed:
            table.fault("status_parameters", f"{name} is one of the params already")
    is_left_open = settings.auth == "signature" and settings.signature == DEFAULT_PROFILE and "auth" not in table
    if settings.dialect is not None and is_left_open:
        table.fault("auth", 'is missing: an address of this tracker holds no secret. Say "none", and allow, or "token"')


def _read_list(value: object) -> tuple[str, ...]:
    return () if value == [] else read_texts(value)


def _read(text: str, check: Callable[[str], None]) -> str:
    try:
        check(text)
    except ValueError as error:
        raise BadValue(str(error)) from None
    return text
