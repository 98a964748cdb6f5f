"""Reads XML of any size in little memory, and refuses what a statement never has: a DOCTYPE, depth, huge texts."""

from collections.abc import Iterator, Mapping
from typing import IO
from xml.parsers import expat

from postledger.reconciliation.readers.rows import BadFile

CHUNK = 64 << 10
DEEPEST = 64
LONGEST_PART = 4 << 20
"""The most characters of a part, which is kept as a whole."""
MOST_NAMES = 10_000
"""No schema has more than some hundred."""
LONGEST_SILENCE = 1 << 20
"""The most bytes of one comment, or of one tag with its attributes."""


class Part:
    """An element with the texts in it, each with its path below the element: `Amt` is a text, `Amt@Ccy` an attribute.

    An upper element has no texts yet: it is there when it begins.
    """

    __slots__ = ("_first", "depth", "name", "texts")

    def __init__(self, name: str, depth: int) -> None:
        self.name, self.depth = name, depth
        self.texts = list[tuple[str, str]]()
        self._first: dict[str, str] | None = None

    def get(self, path: str) -> str | None:
        """Return the first text of a path."""
        if self._first is None:
            self._first = dict(reversed(self.texts))
        return self._first.get(path)

    def first(self, *paths: str) -> str | None:
        """Return the text of the first of these paths that is there."""
        for path in paths:
            if (found := self.get(path)) is not None:
                return found
        return None

    def all(self, *paths: str) -> list[str]:
        """Return all texts of these paths."""
        return [text for path, text in self.texts if path in paths]


def read_parts(content: IO[bytes], part_depth: int, inner: str, skipped: frozenset[str]) -> Iterator[Part]:
    """Yield each upper element when it begins, and each part when it ends. Raises `BadFile`.

    Parts are the elements of `part_depth` (the root has depth 1), and those of the name `inner` in them. Elements of a
    part that have one of the names `skipped` are passed over.
    """
    parser, fed = expat.ParserCreate(namespace_separator=" "), 0
    builder = _Builder(parser, part_depth, inner, skipped)
    try:
        for chunk in _read_chunks(content):
            parser.Parse(chunk)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > LONGEST_SILENCE:
                raise BadFile(f"has a comment or a tag of more than {LONGEST_SILENCE >> 20} MiB")
            yield from builder.take()
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BadFile(f"is not well-formed XML at line {error.lineno}") from None
    except (LookupError, ValueError):
        raise BadFile("is not XML in an encoding that can be read") from None
    yield from builder.take()


def _refuse(*_: object) -> None:
    """Only a DOCTYPE can define entities, by which a small file unfolds to any size."""
    raise BadFile("has a DOCTYPE, which no bank statement has; it is refused")


def _read_chunks(content: IO[bytes]) -> Iterator[bytes]:
    """Read from the beginning. Some banks send empty lines before the XML declaration, which XML forbids."""
    content.seek(0)
    first = content.read(CHUNK).lstrip(b" \t\r\n")
    while first:
        yield first
        first = content.read(CHUNK)


class _Builder:
    """Collects parts while the parser calls it for each tag and text. Its speed is that of the readers.

    So the parser calls other functions outside of parts, inside them, and inside of what is skipped.
    """

    def __init__(self, parser: expat.XMLParserType, part_depth: int, inner: str, skipped: frozenset[str]) -> None:
        self._parser, self._part_depth, self._inner, self._skipped = parser, part_depth, inner, skipped
        self._plain = dict[str, str]()  # names without their namespaces, of elements that are neither inner nor skipped
        self._depth, self._inside_skipped, self._size = 0, 0, 0
        self._parts, self._done = list[Part](), list[Part]()  # those that are not complete, and those that are
        self._texts = list[tuple[str, str]]()  # of the last part
        self._path, self._above = "", list[str]()
        self._text = ""
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        self._go_outside()

    def take(self) -> list[Part]:
        """Return what is complete."""
        done, self._done = self._done, []
        return done

    def _go_outside(self) -> None:
        self._parser.StartElementHandler = self._start_outside
        self._parser.EndElementHandler = self._end_outside
        self._parser.CharacterDataHandler = None

    def _go_inside(self) -> None:
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._add_text

    def _start_outside(self, name: str, _attributes: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if self._depth + 1 == self._part_depth:
            self._open_part(local)
            self._go_inside()
        else:
            self._depth += 1
            self._done.append(Part(local, self._depth))

    def _end_outside(self, _name: str) -> None:
        self._depth -= 1

    def _open_part(self, local: str) -> None:
        self._depth += 1
        self._above.append(self._path)
        self._path, self._text = "", ""
        self._parts.append(Part(local, self._depth))
        self._texts = self._parts[-1].texts

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        above, path, local = self._above, self._path, self._plain.get(name)
        if local is None:
            local = self._learn(name)
            if local is None:
                return
        above.append(path)
        self._path = f"{path}/{local}" if path else local
        self._text = ""
        if attributes:
            self._keep_attributes(attributes)
        if len(above) > DEEPEST:
            raise BadFile(f"nests elements deeper than {DEEPEST}")

    def _learn(self, name: str) -> str | None:
        """Cut off the namespace, and remember the name. None if a part begins, or something that is skipped."""
        local = name.rpartition(" ")[2]
        if local in self._skipped:
            self._skip()
        elif local == self._inner:
            if len(self._parts) > DEEPEST:
                raise BadFile(f"nests elements deeper than {DEEPEST}")
            self._open_part(local)
        else:
            self._remember(name, local)
            return local
        return None

    def _remember(self, name: str, local: str) -> None:
        if len(self._plain) > MOST_NAMES:
            raise BadFile(f"has more than {MOST_NAMES} names of elements")
        self._plain[name] = local

    def _keep_attributes(self, attributes: Mapping[str, str]) -> None:
        for name, text in attributes.items():
            self._keep(f"{self._path}@{name}", text)

    def _add_text(self, text: str) -> None:
        self._text += text
        if len(self._text) > LONGEST_PART:
            raise BadFile(f"has a text of more than {LONGEST_PART >> 20} MiB")

    def _end(self, _name: str) -> None:
        path = self._path
        if self._text:
            if text := self._text.strip():
                self._keep(path, text)
            self._text = ""
        self._path = self._above.pop()
        if not path:
            self._close_part()

    def _keep(self, path: str, text: str) -> None:
        self._texts.append((path, text))
        self._size += len(text) + 100
        if self._size > LONGEST_PART:
            raise BadFile(f"has an entry of more than {LONGEST_PART >> 20} MiB")

    def _close_part(self) -> None:
        self._done.append(self._parts.pop())
        self._depth -= 1
        self._size = 0
        if self._parts:
            self._texts = self._parts[-1].texts
        else:
            self._go_outside()

    def _skip(self) -> None:
        self._inside_skipped = 1
        self._parser.StartElementHandler = self._skip_start
        self._parser.EndElementHandler = self._skip_end
        self._parser.CharacterDataHandler = None

    def _skip_start(self, _name: str, _attributes: Mapping[str, str]) -> None:
        self._inside_skipped += 1

    def _skip_end(self, _name: str) -> None:
        self._inside_skipped -= 1
        if not self._inside_skipped:
            self._go_inside()
