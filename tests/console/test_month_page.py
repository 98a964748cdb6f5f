"""The report of a month in a real browser: on a screen, in the dark, on a phone, and on paper."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from postledger.reconciliation.month_page.page import write_page
from tests.parts.browser import Browser
from tests.parts.month_sample import make_report
from tests.parts.page_faults import find_faint_texts, find_unnamed, scrolls_sideways


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The page of the sample, opened from a file, without scripts. In the end: it has asked for nothing else."""
    file = Path(tmp_path_factory.mktemp("month") / "october.html")
    file.write_text(write_page(make_report()), "utf-8")
    with Browser() as browser:
        browser.switch_scripts(False)
        browser.list_requests()
        browser.open(file.as_uri())
        yield browser
        requests = [one["request"]["url"] for one in browser.list_requests() if "request" in one]
        assert requests == [file.as_uri()]
        assert browser.list_complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_a_page_can_be_read_on_any_screen(page: Browser, width: int, scheme: str) -> None:
    page.resize(width)
    page.prefer(scheme)

    texts, faint = find_faint_texts(page)

    assert texts > 100
    assert faint == []
    assert find_unnamed(page) == []
    assert not scrolls_sideways(page)


def test_amounts_are_right_aligned_and_never_broken(page: Browser) -> None:
    page.resize(1280)

    found = page.run(
        "return [...document.querySelectorAll('td, dd')].filter((one) => /\\u00a0[A-Z]{3}$/u.test(one.innerText))"
        ".map((one) => getComputedStyle(one)).map((style) => `${style.textAlign} ${style.whiteSpace}`)"
    )

    assert len(found) > 30
    assert set(found) == {"right nowrap"}


def test_a_page_is_printed_with_its_bars_in_few_sheets(page: Browser) -> None:
    printed = page.command("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})

    content = base64.b64decode(printed["data"])
    assert content.startswith(b"%PDF")
    assert 1 <= content.count(b"/Type /Page\n") <= 4
