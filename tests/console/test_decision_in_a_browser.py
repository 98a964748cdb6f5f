"""The decision page in a real browser, behind the real edge, with and without script."""

import json
from collections.abc import Iterator

import pytest
from selenium.common.exceptions import WebDriverException

from tests.parts.browser import Browser
from tests.parts.console import Console
from tests.parts.decisions import Decisions, decisions
from tests.parts.edge import Edge
from tests.parts.page_faults import find_faint_texts, find_unnamed, scrolls_sideways, walk_by_keyboard
from tests.parts.waiting import wait_until

__all__ = ["decisions"]
ASKED = "Decide about a conversion"


@pytest.fixture(scope="module")
def url(decisions: Decisions) -> Iterator[str]:
    """The console's URL at the edge."""
    with Console({"DATABASE_URL": decisions.url}) as console:
        settings = {"POSTLEDGER_CONSOLE_SOCKET": str(console.socket)}
        with Edge(backend_socket="/tmp/no-such-socket", environment=settings) as edge:
            yield edge.console_url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Browser]:
    """An empty page. In the end: nothing was blocked, nothing complained, and nothing was sent elsewhere."""
    browser.switch_scripts(True)
    browser.resize(1280)
    browser.open("about:blank")
    browser.list_requests()
    yield browser
    requests = [one["request"] for one in browser.list_requests() if "request" in one]
    assert [one["url"] for one in requests if not one["url"].startswith((url + "/", "data:"))] == []
    assert [one["url"] for one in requests if "pld_" in one["url"]] == [], "a code was sent in a URL"
    assert not any("pld_" in json.dumps(one.get("headers", {})) for one in requests)
    assert browser.list_complaints() == []


def wait_for_page(page: Browser, text: str, css: str = "h1") -> None:
    """Wait until the page with this text is there. Between two pages there is none, or one that goes away."""

    def is_there() -> bool:
        try:
            return text in page.texts(css)
        except WebDriverException:
            return False

    wait_until(is_there, what=text)


def test_the_link_opens_the_request_and_leaves_no_code_in_the_address(
    decisions: Decisions, page: Browser, url: str
) -> None:
    request = decisions.ask("153.21")

    page.open(f"{url}/decide#{decisions.link(request)}")
    wait_for_page(page, ASKED)

    assert "153.21 USD" in page.texts("dd.amount")
    assert page.driver.current_url == f"{url}/decide"
    assert decisions.state(request) == "waiting"


def test_a_request_is_approved_with_a_comment(decisions: Decisions, page: Browser, url: str) -> None:
    request = decisions.ask()
    page.open(f"{url}/decide#{decisions.link(request)}")
    wait_for_page(page, ASKED)

    page.fill(comment="As agreed")
    page.find("#approve").click()
    wait_for_page(page, "You approved it")

    assert decisions.decided(request) == [(0, "mia", "approve", "As agreed")]


def test_a_second_link_in_the_same_tab_opens_its_own_request(decisions: Decisions, page: Browser, url: str) -> None:
    first, second = decisions.ask("154.01"), decisions.ask("154.02")

    page.open(f"{url}/decide#{decisions.link(first)}")
    wait_for_page(page, ASKED)
    page.open(f"{url}/decide#{decisions.link(second)}")

    wait_for_page(page, second, "dd")


def test_it_works_without_script(decisions: Decisions, page: Browser, url: str) -> None:
    request = decisions.ask()
    page.switch_scripts(False)
    page.open(f"{url}/decide")

    page.fill(code=decisions.link(request))
    page.find("button").click()
    wait_for_page(page, ASKED)
    page.find("#return").click()
    wait_for_page(page, "You returned it")

    assert decisions.state(request) == "returned"


def test_the_page_reads_well_and_works_by_keyboard(decisions: Decisions, page: Browser, url: str) -> None:
    code = decisions.link(decisions.ask(steps=("manager", "director")))
    page.open(f"{url}/decide#{code}")
    wait_for_page(page, ASKED)

    for scheme in ("light", "dark"):
        page.prefer(scheme)
        count, faint = find_faint_texts(page)
        assert (count > 20, faint) == (True, [])
    page.resize(360)
    assert not scrolls_sideways(page)
    assert find_unnamed(page) == []
    walked, unseen = walk_by_keyboard(page)
    assert (walked[-4:], unseen) == (["comment", "approve", "reject", "return"], [])
