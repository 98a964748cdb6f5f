"""The commands that the documentation tells people to type exist, and none is left untold."""

import re

import pytest
from typer.core import TyperGroup

from tests.parts.commands import load_commands
from tests.parts.documents import ROOT, list_documents, read_document, read_section

_TYPED = re.compile(r"(?:^|`|\$ |&& |\.venv/bin/|\(|run: )postledger ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)
_MADE = re.compile(r"(?:^|`)make ([a-z]+(?:-[a-z]+)*)\b", re.MULTILINE)


def _groups() -> dict[str, set[str]]:
    """Each command with its sub-commands; none for one that stands alone."""
    return {
        name: set(command.commands) if isinstance(command, TyperGroup) else set()
        for name, command in load_commands().items()
    }


@pytest.mark.parametrize("document", list_documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_in_a_document_exists(document: object) -> None:
    groups = _groups()

    typed = _TYPED.findall(read_document(str(document).removeprefix(f"{ROOT}/")))

    wrong = [
        f"{name} {sub}"
        for name, sub in typed
        if name not in groups or (sub and groups[name] and sub not in groups[name])
    ]
    assert wrong == []


def test_the_readme_names_every_command() -> None:
    section = read_section(read_document("README.md"), "The commands")
    expected = {f"{name} {sub}" if sub else name for name, subs in _groups().items() for sub in subs or {""}}

    untold = {
        command for command in expected if command.split(" ")[0] not in section or command.split(" ")[-1] not in section
    }

    assert untold == set()


def test_every_make_target_in_a_document_has_its_script() -> None:
    made = {name for document in list_documents() for name in _MADE.findall(document.read_text("utf-8"))}

    assert {name for name in made if not (ROOT / "script" / name).is_file()} == set()
