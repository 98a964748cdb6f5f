"""Reads a curl command as shells and browsers copy it: quoted words, escaped line ends, and the options of requests."""

import base64
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote_plus

import msgspec

from postledger.partners.pasted_text import HOST, CannotRead, Pasted, read_url, to_bytes

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "0": "\0", "?": "?"}
_CMD = re.compile(r"\^\r?\n|\^\"")
_FORM = "application/x-www-form-urlencoded"
_MAX_WORDS = 1000
_FIRST_BYTE, _SURROGATE_ESCAPE, _LAST_CHARACTER = 0x80, 0xDC00, 0x10FFFF
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_WITHOUT_VALUE = frozenset("sSkLivfgIGNn#0123456Z")
"""Options of one letter that take no value."""
_IGNORED = frozenset({
    "user-agent", "cookie", "referer", "user", "output", "max-time", "connect-timeout", "write-out", "proxy", "cacert",
    "cert", "key", "resolve", "connect-to", "retry", "cookie-jar", "dump-header", "range", "interface", "limit-rate",
    "ciphers", "tls-max", "capath", "pass", "cert-type", "key-type", "config", "oauth2-bearer", "retry-delay",
    "retry-max-time", "unix-socket", "upload-file", "max-redirs", "noproxy", "trace", "stderr",
})  # fmt: skip
"""Options with a value that change nothing that a postback is judged by, or cannot belong to one."""
_LONG = {
    "X": "request", "H": "header", "d": "data", "A": "user-agent", "b": "cookie", "e": "referer", "u": "user",
    "o": "output", "m": "max-time", "w": "write-out", "x": "proxy", "E": "cert", "c": "cookie-jar", "D": "dump-header",
    "r": "range", "F": "form", "T": "upload-file", "K": "config",
}  # fmt: skip
_WANTED = frozenset({
    "request", "header", "url", "data", "data-raw", "data-ascii", "data-binary", "data-urlencode", "json",
    "form", "form-string",
})  # fmt: skip


class _Command(msgspec.Struct):
    url: str = ""
    method: str = ""
    headers: dict[str, str] = {}
    data: list[str] = []
    is_get: bool = False


def read_curl(text: str) -> Pasted:
    """Read the request that a curl command sends. Raises `CannotRead`."""
    command = _Command(headers={}, data=[])
    _read_options(command, iter(list(split_words(text))[1:]))
    if not command.url:
        raise CannotRead
    body = "&".join(command.data)
    is_bare = HOST.fullmatch(command.url.partition("?")[0].partition("/")[0])
    pasted = read_url(f"http://{command.url}" if is_bare else command.url)  # as curl does
    if command.is_get and body:
        joined = f"{pasted.query.decode('latin-1')}&" if pasted.query else ""
        return msgspec.structs.replace(
            pasted, headers={**pasted.headers, **command.headers}, query=to_bytes(joined) + to_bytes(body)
        )
    if command.data:
        command.headers.setdefault("content-type", _FORM)
    method = command.method or ("POST" if command.data else "GET")
    headers = {**pasted.headers, **command.headers}
    return msgspec.structs.replace(pasted, method=method.upper(), headers=headers, body=to_bytes(body))


def split_words(text: str) -> Iterator[str]:
    """Split a command into words, as a POSIX shell does with quotes, escapes and `$'…'`. Raises `CannotRead`."""
    if _CMD.search(text):  # copied for the Windows command line, which escapes with ^
        text = re.sub(r"\^\r?\n", " ", text)
        text = re.sub(r"\^(.)", r"\1", text)
    position, count = 0, 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        if text[position] == "\\" and text[position + 1 : position + 3].lstrip("\r")[:1] in ("\n", ""):
            position = text.find("\n", position) + 1 or len(text)
            continue
        word, position = _read_word(text, position)
        count += 1
        if count > _MAX_WORDS:
            raise CannotRead
        yield word


def _read_word(text: str, position: int) -> tuple[str, int]:
    pieces: list[str] = []
    while position < len(text) and not text[position].isspace():
        start = text[position : position + 2]
        read = next((read for mark, read in _QUOTES if start.startswith(mark)), _read_plain)
        piece, position = read(text, position)
        pieces.append(piece)
    return "".join(pieces), position


def _read_plain(text: str, position: int) -> tuple[str, int]:
    return text[position], position + 1


def _read_escaped(text: str, position: int) -> tuple[str, int]:
    following = text[position + 1 : position + 2]
    return ("" if following == "\n" else following), position + 2


def _read_single(text: str, position: int) -> tuple[str, int]:
    end = text.find("'", position + 1)
    if end < 0:
        raise CannotRead
    return text[position + 1 : end], end + 1


def _read_double(text: str, position: int) -> tuple[str, int]:
    found = _DOUBLE.match(text, position)
    if found is None:
        raise CannotRead
    return re.sub(r"\\(\n|[\\\"$`])", lambda one: one[1].strip("\n"), found[1]), found.end()


def _read_ansi(text: str, position: int) -> tuple[str, int]:
    found = _ANSI.match(text, position)
    if found is None:
        raise CannotRead
    units = _ANSI_ESCAPE.sub(_unescape, found[1])
    return _SURROGATES.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), units), found.end()


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "xuU" and len(code) > 1:
        number = int(code[1:], 16)
        if code[0] == "x" and number >= _FIRST_BYTE:  # one byte of a character, which `to_bytes` keeps
            return chr(_SURROGATE_ESCAPE + number)
        return chr(number) if number <= _LAST_CHARACTER else "\ufffd"
    return _ESCAPES.get(code, "\\" + code)


_DOUBLE = re.compile(r'"((?:[^"\\]++|\\.)*)"', re.DOTALL)
_ANSI = re.compile(r"\$'((?:[^'\\]++|\\.)*)'", re.DOTALL)
_ANSI_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|.)", re.DOTALL)
_QUOTES: tuple[tuple[str, Callable[[str, int], tuple[str, int]]], ...] = (
    ("$'", _read_ansi), ("'", _read_single), ('"', _read_double), ("\\", _read_escaped),
)  # fmt: skip


def _read_options(command: _Command, words: Iterator[str]) -> None:
    for word in words:
        if word.startswith("--"):
            _read_long(command, word[2:], words)
        elif word.startswith("-") and len(word) > 1:
            _read_short(command, word[1:], words)
        else:
            command.url = command.url or word


def _read_long(command: _Command, word: str, words: Iterator[str]) -> None:
    name, is_joined, value = word.partition("=")
    if name in _WANTED or name in _IGNORED:
        _take(command, name, value if is_joined else next(words, ""))
    elif name == "get":
        command.is_get = True


def _read_short(command: _Command, letters: str, words: Iterator[str]) -> None:
    for number, letter in enumerate(letters, 1):
        if letter == "G":
            command.is_get = True
        if letter in _WITHOUT_VALUE:
            continue
        rest = letters[number:]
        _take(command, _LONG.get(letter, "output"), rest or next(words, ""))
        return


def _take(command: _Command, name: str, value: str) -> None:
    if name == "request":
        command.method = value
    elif name == "url":
        command.url = value
    elif name == "header":
        header, _, content = value.partition(":")
        command.headers[header.strip().rstrip(";").lower()] = to_bytes(content.strip()).decode("latin-1")
    elif name == "user":
        command.headers["authorization"] = f"Basic {base64.b64encode(to_bytes(value)).decode()}"
    elif name in _WANTED:
        command.data.append(_read_data(command, name, value))


def _read_data(command: _Command, name: str, value: str) -> str:
    if value.startswith("@") and name not in ("data-raw", "form", "form-string"):  # a file on the partner's machine
        raise CannotRead
    if name.startswith("form"):
        command.headers.setdefault("content-type", "multipart/form-data")
    if name == "json":
        command.headers.setdefault("content-type", "application/json")
    if name != "data-urlencode":
        return value
    field, is_named, content = value.partition("=")
    return f"{field}={quote_plus(content)}" if is_named and field else quote_plus(content or field)
