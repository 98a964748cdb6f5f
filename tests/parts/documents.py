"""The documentation as a test sees it: files, headings, tables and code blocks of Markdown.

Apart from the tests because each of them holds another part of the project against the same few forms.
"""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".git", ".hypothesis", ".venv", ".venv-erp", "node_modules", "var"}
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *$", re.MULTILINE)


def list_documents() -> list[Path]:
    """Every Markdown file of the project; what is not ours is not even looked through, others change it meanwhile."""
    tops = [top for top in ROOT.iterdir() if top.name not in _NOT_OURS]
    found = [path for top in tops for path in ([top] if top.suffix == ".md" else top.rglob("*.md"))]
    return sorted(path for path in found if not _NOT_OURS & set(path.relative_to(ROOT).parts))


def read_document(name: str) -> str:
    """The text of a document, by its path in the project."""
    return (ROOT / name).read_text("utf-8")


def without_code(text: str) -> str:
    """The text without its code blocks, in which neither links nor headings count."""
    return _FENCE.sub("", text)


def list_anchors(text: str) -> set[str]:
    """The anchors that a host of repositories makes of the headings."""
    return {_anchor(heading[2]) for heading in _HEADING.finditer(without_code(text))}


def read_section(text: str, heading: str) -> str:
    """What stands under a heading, down to the next one of its rank or above."""
    found = next(match for match in _HEADING.finditer(text) if match[2] == heading)
    rest = text[found.end() :]
    end = next((match.start() for match in _HEADING.finditer(rest) if len(match[1]) <= len(found[1])), len(rest))
    return rest[:end]


def list_rows(text: str) -> Iterator[list[str]]:
    """The rows of all tables, without their heads, as cells."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and lines[number + 1].startswith("|--")
        if line.startswith("|") and not line.startswith("|--") and not is_head:
            yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def list_code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def _anchor(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.strip().replace(" ", "-")
