"""Every link in the documentation leads somewhere, and none of it names the machine that it was written on."""

import re
from pathlib import Path

import pytest

from tests.parts.documents import ROOT, list_anchors, list_documents, without_code

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:")

DOCUMENTS = list_documents()
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def _find_broken(document: Path, root: Path = ROOT) -> list[str]:
    targets = _LINK.findall(without_code(document.read_text("utf-8")))
    own = [target for target in targets if not _ELSEWHERE.match(target)]
    return [target for target in own if not _leads_somewhere(document, target, root)]


def _leads_somewhere(document: Path, target: str, root: Path) -> bool:
    name, _, anchor = target.partition("#")
    path = (document.parent / name).resolve() if name else document
    if not path.exists() or not path.is_relative_to(root):
        return False
    return not anchor or anchor in list_anchors(path.read_text("utf-8"))


@each_document
def test_links_lead_to_files_and_headings_that_exist(document: Path) -> None:
    assert _find_broken(document) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(
        "[gone](gone.md) [here](#a-heading) [not here](#another) [out](../)\n\n# A heading\n\n```\n[x](y)\n```\n"
    )

    assert _find_broken(document, tmp_path) == ["gone.md", "#another", "../"]


def test_the_index_names_every_document() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")

    listed = {(ROOT / "docs" / target.partition("#")[0]).resolve() for target in _LINK.findall(index)}

    own = {path for path in DOCUMENTS if path.is_relative_to(ROOT / "docs") and path.name != "README.md"}
    assert own - listed == set()


@each_document
def test_no_document_names_the_machine_that_it_was_written_on(document: Path) -> None:
    assert str(ROOT) + "/" not in document.read_text("utf-8")
