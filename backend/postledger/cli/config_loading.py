"""Reads a configuration file, together with the files and variables that it names, and validates it."""

import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path

from postledger.cli.config_error_lines import find_line
from postledger.cli.errors import CommandFailed
from postledger.decoding.toml_table import BadValue, Fault
from postledger.policy.authorities import read_authorities
from postledger.policy.config_file import BadConfiguration, Configuration, read_configuration
from postledger.policy.preset_files import read_known

_PEM_BEGINS, _PEM_ENDS = "-----BEGIN", "-----END"


def read_file(path: Path, environment: Mapping[str, str]) -> Configuration:
    """Read and validate a file. Raises `CommandFailed` with one line per fault."""
    document = _parse(path)

    def read_variable(name: str) -> list[str]:
        if value := environment.get(name):
            return [value]
        raise BadValue(f"the environment variable {name} is not set; set it")

    def read_secrets_file(name: str) -> list[str]:
        return _read_secrets(path.parent / name)  # relative to the configuration file, not to the working directory

    def find_authorities(name_or_text: str) -> tuple[str, ...]:
        is_text = _PEM_BEGINS in name_or_text
        return read_authorities(name_or_text if is_text else _read_text(path.parent / name_or_text))

    places = {
        "secrets_env": read_variable, "secrets_file": read_secrets_file, "client_ca": find_authorities,
        "resolve": _resolve,
    }  # fmt: skip
    try:
        return read_configuration(document, places, read_known())
    except BadConfiguration as error:
        raise list_faults(path, error.faults) from None


def list_faults(path: Path, faults: list[Fault]) -> CommandFailed:
    """Build the error that lists every fault of a file with its line."""
    return CommandFailed("\n".join(locate_faults(path, faults)))


def locate_faults(path: Path, faults: list[Fault]) -> list[str]:
    """Write each fault of a file, or each warning, behind the file's name and the line."""
    if not faults:
        return []
    text, document = path.read_text("utf-8-sig"), _parse(path)
    lines = [(find_line(text, document, fault), fault) for fault in faults]
    return [f"{path}:{line}: {fault}" if line else f"{path}: {fault}" for line, fault in lines]


def _parse(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise CommandFailed(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:  # the message has the line and what was expected, and no value
        raise CommandFailed(f"{path}: is not TOML: {error}") from None


def _resolve(host: str) -> list[str]:
    """Resolve a name; one that cannot be resolved now has no addresses, because it may be meant for later."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


def _read_secrets(path: Path) -> list[str]:
    """Read one secret per line. A PEM block is one secret, from its first line to its last."""
    secrets: list[list[str]] = []
    is_inside = False
    for line in filter(None, map(str.strip, _read_text(path).splitlines())):
        if is_inside:
            secrets[-1].append(line)
        else:
            secrets.append([line])
        is_inside = (is_inside or line.startswith(_PEM_BEGINS)) and not line.startswith(_PEM_ENDS)
    return ["\n".join(lines) for lines in secrets]


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise BadValue(f"{path} cannot be read ({error.strerror}); check the path") from None
    except UnicodeDecodeError:
        raise BadValue(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except ValueError:  # TOML can contain a NUL
        raise BadValue("has a character that no path can contain") from None
