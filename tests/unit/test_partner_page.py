"""The files of the partner page: generated where they repeat the code, small, and without anything inline."""

import re
from html.parser import HTMLParser

from tests.parts.documents import ROOT
from tests.parts.partner_page import EXAMPLES, PAGE, make_page

_FOLDER = ROOT / "edge/partner-page"
_MOST_BYTES = 40 * 1024


class _Elements(HTMLParser):
    """All elements with their attributes, and the text of each that has an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._open = dict(attrs).get("id") or ""

    def handle_data(self, data: str) -> None:
        self.texts[self._open] = self.texts.get(self._open, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def test_the_page_repeats_what_the_code_knows() -> None:
    text = PAGE.read_text("utf-8")

    assert make_page(text) == text, "run: python -m tests.parts.partner_page"


def test_style_and_script_together_stay_below_40_kib() -> None:
    sizes = [(_FOLDER / name).stat().st_size for name in ("page.css", "page.js")]

    assert sum(sizes) < _MOST_BYTES


def test_each_example_is_on_the_page_byte_for_byte() -> None:
    texts = _Elements(PAGE.read_text("utf-8")).texts

    for language, (name, _) in EXAMPLES.items():
        assert texts[f"file-{language}"] == (ROOT / "examples/signing" / name).read_text("utf-8")
    assert {name for name, _ in EXAMPLES.values()} == {path.name for path in (ROOT / "examples/signing").iterdir()}


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    elements = _Elements(PAGE.read_text("utf-8")).found

    named = [value for _, attributes in elements for name, value in attributes.items() if name in ("src", "href")]
    assert [value for value in named if not str(value).startswith(("/sandbox/page.", "#"))] == []
    assert [
        tag for tag, attributes in elements if tag == "style" or (tag == "script" and "src" not in attributes)
    ] == []
    assert [name for _, attributes in elements for name in attributes if name == "style" or name.startswith("on")] == []


def test_the_script_stores_nothing_and_makes_no_markup() -> None:
    script = (_FOLDER / "page.js").read_text("utf-8")

    assert (
        re.findall(r"localStorage|sessionStorage|indexedDB|cookie|innerHTML|history\.|location\.(?!origin)", script)
        == []
    )


def test_no_field_is_filled_in_by_the_browser_or_sent_by_a_form() -> None:
    elements = _Elements(PAGE.read_text("utf-8")).found

    fields = [
        attributes
        for tag, attributes in elements
        if tag in ("input", "select", "textarea") and attributes.get("type") != "radio"
    ]
    assert [field["id"] for field in fields if field.get("autocomplete") != "off" or "name" in field] == []
