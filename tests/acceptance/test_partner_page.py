"""The partner page in a real browser, before the real edge and sandbox: what it does, and that no secret leaves it."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes, urlencode
from uuid import uuid4

import msgspec
import pytest
from selenium.webdriver.common.keys import Keys

from tests.parts.browser import Browser
from tests.parts.documents import ROOT, read_document
from tests.parts.page_faults import find_faint_texts, find_unnamed, scrolls_sideways, walk_by_keyboard
from tests.parts.part import END_WITHIN_S
from tests.parts.partner_page import EXAMPLES
from tests.parts.preset_sources import make_dialect_source, make_preset_source
from tests.parts.sandbox_stack import LENIENT, SandboxStack, sandbox_stack
from tests.parts.sender import DEFAULT_SECRET as SECRET
from tests.parts.sender import Sender, send, sign_query, webhook_headers
from tests.parts.sources import add_source
from tests.parts.waiting import wait_until

__all__ = ["sandbox_stack"]
SECRET_FORMS = {
    SECRET, quote(SECRET, safe=""), SECRET.encode().hex(),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
}  # fmt: skip
GUIDE = read_document("docs/partners.md")
GUIDE_SAYS = (
    '"status":"accepted"', '"status":"duplicate"', "bad_signature", '"would_match":',
    '"kind":"valid"', '"verdict":"accepted"',
)  # fmt: skip
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACME = Sender("acme")
WRONG = Sender("acme", secret="not-the-secret")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def token(sandbox_stack: SandboxStack) -> str:
    """A partner token of `acme`."""
    return sandbox_stack.token("acme")["Authorization"].removeprefix("Bearer ")


@pytest.fixture
def page(sandbox_stack: SandboxStack, browser: Browser, token: str) -> Iterator[Browser]:
    """The page with source, token and secret filled in. In the end: what it sent, and what its policy blocked."""
    url = sandbox_stack.edge.https_url
    browser.resize(1280)
    browser.list_requests()
    browser.open(f"{url}/sandbox/")
    browser.fill(source="acme", token=token, secret=SECRET)
    yield browser
    requests = browser.list_requests()
    assert find_secrets(requests) == []
    assert [one for one in requests if "request" in one and not one["request"]["url"].startswith(url + "/")] == []
    assert (browser.list_violations(), browser.list_complaints()) == ([], [])
    assert browser.driver.current_url == f"{url}/sandbox/"


def find_secrets(requests: list[dict[str, object]]) -> list[str]:
    """The forms of the secret that are anywhere in these requests."""
    assert requests, "the spy sees nothing"
    return [form for form in SECRET_FORMS if form in json.dumps(requests)]


def order() -> dict[str, str]:
    return {"click_id": "CLICK", "transaction_id": f"T-{uuid4().hex}", "event": "sale", "payout": "1.50"}


def book(stack: SandboxStack) -> str:
    with stack.edge.client() as client:
        receipt = send(client, ACME.get(order())).receipt
    assert receipt is not None
    return receipt


def press(page: Browser, button: str, result: str, text: str = "") -> str:
    page.run("arguments[0].forEach((old) => old.replaceChildren())", page.find_all(f"#{result} > div"))
    page.find(button).click()
    return page.wait_for(f"#{result} .next", text)


def explain(page: Browser, pasted: str) -> str:
    page.fill(pasted=pasted)
    return press(page, "#explain-form button", "explained")


def write_raw(target: str, edge: str) -> str:
    return f"GET {target} HTTP/1.1\r\nHost: {edge.removeprefix('https://')}\r\n\r\n"


def test_a_pasted_request_is_explained_with_the_faulty_step_first(page: Browser, sandbox_stack: SandboxStack) -> None:
    url, target = sandbox_stack.edge.https_url, WRONG.get(order()).target
    rows = sandbox_stack.count_rows("sandbox"), sandbox_stack.count_rows("public")
    for pasted in (url + target, f"curl -s '{url}{target}'", write_raw(target, url)):
        explain(page, pasted)

        assert "401 refused" in page.texts("#explained .answer")[0]
        first, *others = page.texts("#explained .steps > tbody > tr > th")
        assert first.splitlines() == ["Signature", "✕ refused"]
        assert "Edge" in others
    assert (sandbox_stack.count_rows("sandbox"), sandbox_stack.count_rows("public")) == rows


def test_a_good_request_is_explained_without_a_faulty_step(page: Browser, sandbox_stack: SandboxStack) -> None:
    explain(page, sandbox_stack.edge.https_url + ACME.get(order()).target)

    assert "200 accepted" in page.texts("#explained .answer")[0]
    assert page.texts("#explained .bad") == []


def hash_plainly(secret: str, query: bytes) -> str:
    return hashlib.sha256(secret.encode() + query).hexdigest()


MISTAKES: dict[str, Callable[[bytes], str]] = {
    "a line break is behind the string (echo instead of printf)": lambda query: sign_query(SECRET, query + b"\n"),
    "the parameters are sorted by name": lambda query: sign_query(SECRET, b"&".join(sorted(query.split(b"&")))),
    "the string is decoded before it is signed": lambda query: sign_query(SECRET, unquote_to_bytes(query)),
    "note is added after signing": lambda query: sign_query(SECRET, query.replace(b"&note=%C3%A9", b"")),
    "it is sent as hex in capitals": lambda query: sign_query(SECRET, query).upper(),
    "it is a plain sha256 of secret and string": lambda query: hash_plainly(SECRET, query),
    "a question mark is before the string; and a line break is behind the secret": lambda query: sign_query(
        f"{SECRET}\n", b"?" + query
    ),
}


def test_a_right_secret_is_told_from_the_mistakes_of_the_code(page: Browser, sandbox_stack: SandboxStack) -> None:
    query = urlencode({**order(), "note": "é", "ts": "1790000000"})
    for mistake, sign in MISTAKES.items():
        sig = sign(query.encode())
        page.fill(refused=f"curl '{sandbox_stack.edge.https_url}/tracking/postback/acme?{query}&sig={sig}'")

        assert press(page, "#check-form button", "checked") == "The secret is right, your code is not."
        assert page.texts("#checked .bad .next") == [mistake]


def test_a_body_that_was_written_again_is_found(page: Browser) -> None:
    sent, signed = b'{"click_id":"A","payout":"1.50"}', b'{"click_id": "A", "payout": "1.50"}'
    headers = webhook_headers(SECRET, signed, time.time())
    lines = [f"{name}: {value}" for name, value in headers.items()]
    page.fill(refused="\n".join(["POST /tracking/postback/acme HTTP/1.1", *lines, "", sent.decode()]))

    press(page, "#check-form button", "checked")

    assert page.texts("#checked .bad .next") == ["the body is written again as JSON with blanks"]


def test_a_request_with_a_right_signature_has_no_mistake(page: Browser, sandbox_stack: SandboxStack) -> None:
    page.fill(refused=sandbox_stack.edge.https_url + ACME.get(order()).target)

    assert press(page, "#check-form button", "checked") == "Secret and signature are right."


def test_a_wrong_secret_is_named(page: Browser) -> None:
    page.fill(secret="not-the-secret")

    assert press(page, "#check-form button", "checked") == "This is not a live secret of acme."


@pytest.mark.parametrize(
    ("preset", "secret"), [("standard-webhooks", WHSEC), ("cpx", SECRET), ("shopify-style", SECRET)]
)
def test_a_secret_of_another_profile_is_checked(
    page: Browser, sandbox_stack: SandboxStack, preset: str, secret: str
) -> None:
    settings = msgspec.to_builtins(make_preset_source(preset).settings)
    add_source(sandbox_stack.database, sandbox_stack.master_key, preset, [secret], {**settings, **LENIENT})
    sandbox_stack.edge.wait_for_source(preset)
    with sandbox_stack.sandbox.client() as client:
        wait_until(lambda: client.get(f"/sandbox/postback/{preset}").json()["reason"] != "unknown_source")
    token = sandbox_stack.token(preset)["Authorization"].removeprefix("Bearer ")
    page.fill(source=preset, token=token, secret=secret)

    assert press(page, "#check-form button", "checked") == "The secret is right, your string is not."
    page.fill(secret="not-the-secret")
    assert press(page, "#check-form button", "checked") == f"This is not a live secret of {preset}."


def test_a_token_in_the_path_is_not_checked_by_the_browser(page: Browser, sandbox_stack: SandboxStack) -> None:
    settings = msgspec.to_builtins(make_dialect_source("keitaro", "token").settings)
    add_source(
        sandbox_stack.database, sandbox_stack.master_key, "kt", ["0a1b2c3d4e5f60718293"], {**settings, **LENIENT}
    )
    sandbox_stack.edge.wait_for_source("kt")
    with sandbox_stack.sandbox.client() as client:
        wait_until(lambda: client.get("/sandbox/postback/kt").json()["reason"] != "unknown_source")
    page.fill(source="kt", token=sandbox_stack.token("kt")["Authorization"].removeprefix("Bearer "))

    found = press(page, "#check-form button", "checked")

    assert found == "A browser cannot sign as kt does: a token in the path."


def test_a_payout_that_was_not_sent_is_not_shown(page: Browser, sandbox_stack: SandboxStack) -> None:
    target = ACME.get({name: value for name, value in order().items() if name != "payout"}).target
    explain(page, sandbox_stack.edge.https_url + target)

    assert "Payout" not in page.find("#explained .steps").text


def test_a_sample_is_signed_copied_and_sent(page: Browser, sandbox_stack: SandboxStack) -> None:
    before = sandbox_stack.count_rows("public")["conversions"]
    page.command("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    page.fill(click_id="CLICK", transaction_id=f"T {uuid4().hex}'s", payout="2.50")
    press(page, "#build-form button", "sent", "Signed")
    page.find("[data-copies=signed]").click()
    wait_until(lambda: page.run("return navigator.clipboard.readText()") != "", what="a copy")
    copied = page.run("return navigator.clipboard.readText()")

    assert json.loads(run_in_shell(sandbox_stack, copied))["status"] == "accepted"
    page.run("arguments[0].value = 'post'", page.find("#method"))
    assert press(page, "#send", "sent", "")
    assert "200 duplicate" in page.texts("#sent .answer")[0]
    assert json.loads(run_in_shell(sandbox_stack, page.find("#signed").text))["status"] == "duplicate"
    assert sandbox_stack.count_rows("public")["conversions"] == before


def test_each_program_is_its_example_and_runs_as_shown(
    page: Browser, sandbox_stack: SandboxStack, tmp_path: Path
) -> None:
    page.fill(click_id="CLICK", transaction_id=f"T-{uuid4().hex}", payout="3.50")
    for language, (name, _) in EXAMPLES.items():
        page.find(f"label[for=as-{language}]").click()
        assert page.find(f"#run-{language}").is_displayed()
        shown = page.run("return arguments[0].textContent", page.find(f"#file-{language}"))
        assert shown == (ROOT / "examples/signing" / name).read_text("utf-8")
        (tmp_path / name).write_text(shown)
    line = page.run("return arguments[0].textContent", page.find("#run-python")).replace("'…'", SECRET)

    assert json.loads(run_in_shell(sandbox_stack, line, tmp_path))["status"] == "accepted"


def test_a_program_sends_the_event_and_currency_of_the_form(page: Browser) -> None:
    page.fill(event="install", currency="EUR")

    shown = page.run("return arguments[0].textContent", page.find("#file-go"))

    assert ('"event":          "install"' in shown, '"currency":       "EUR"' in shown) == (True, True)


def test_a_ready_sample_of_each_answer_is_shown_to_the_partner(page: Browser) -> None:
    press(page, "#samples", "sampled")

    rows = {row.split()[0]: row for row in page.texts("#sampled tbody tr")}
    assert "401 refused" in rows["bad_signature"]
    page.find("#sampled summary").click()
    assert page.find("#sampled pre").text.startswith("curl 'https://127.0.0.1:")


def test_the_reference_of_a_source_is_shown_to_its_partner(page: Browser) -> None:
    assert press(page, "#load", "own") == "What acme sends"

    captions = page.texts("#own caption")
    assert captions[0] == "Names"
    assert "Refusals that acme can get" in captions
    assert "ip_not_allowed" not in page.find("#own").text


def test_a_wrong_token_is_answered_with_what_to_do(page: Browser) -> None:
    page.fill(token="plt_" + "A" * 43)

    assert "The token does not open this source" in explain(page, "https://edge/tracking/postback/acme?click_id=A")


def test_the_page_keeps_nothing(page: Browser) -> None:
    page.fill(pasted="canary")
    page.driver.refresh()

    kept = "return [localStorage.length, sessionStorage.length, document.cookie, ...arguments].join()"
    fields = [page.find(f"#{name}").get_property("value") for name in ("source", "token", "secret", "pasted")]
    assert (page.run(kept), fields) == ("0,0,", ["", "", "", ""])


def test_without_javascript_the_reference_can_be_read_and_a_sample_copied(
    browser: Browser, sandbox_stack: SandboxStack
) -> None:
    browser.resize(360)
    browser.switch_scripts(False)
    try:
        browser.open(f"{sandbox_stack.edge.https_url}/sandbox/")
    finally:
        browser.switch_scripts(True)

    assert "JavaScript is off" in browser.texts("noscript")[0]
    assert [title for title in browser.texts("section h2") if title] == ["Build a signed sample", "Reference"]
    assert "No live secret gives this signature." in browser.find("#refusals").text
    assert browser.find("#file-curl").text == (ROOT / "examples/signing/sign.sh").read_text("utf-8").strip()
    assert not scrolls_sideways(browser)


def show_all(page: Browser, edge: str) -> None:
    explain(page, edge + WRONG.get({**order(), "note": "x" * 300}).target)
    press(page, "#load", "own")


def test_all_can_be_read_on_a_phone_and_in_both_modes(page: Browser, sandbox_stack: SandboxStack) -> None:
    show_all(page, sandbox_stack.edge.https_url)
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        count, faint = find_faint_texts(page)
        assert (faint, count > 300) == ([], True)
    page.resize(360)

    assert not scrolls_sideways(page)


def test_all_can_be_reached_seen_and_named_by_keyboard(page: Browser, sandbox_stack: SandboxStack) -> None:
    show_all(page, sandbox_stack.edge.https_url)
    walked, unseen = walk_by_keyboard(page)

    assert {"source", "token", "secret", "pasted", "refused", "method", "as-curl", "load"} <= set(walked)
    assert (unseen, find_unnamed(page)) == ([], [])


def test_a_verdict_is_announced_and_a_tool_works_by_keyboard(page: Browser) -> None:
    page.fill(pasted="https://edge/tracking/postback/acme?click_id=A")
    page.press(Keys.TAB, Keys.ENTER)

    page.wait_for("#explained [role=status][aria-live=polite] .next", "")


def test_the_spies_see_a_secret_that_is_sent_and_a_policy_that_is_broken(
    browser: Browser, sandbox_stack: SandboxStack
) -> None:
    browser.open(f"{sandbox_stack.edge.https_url}/sandbox/")
    browser.list_requests()
    browser.run("fetch('/sandbox/', {method: 'POST', body: arguments[0]})", SECRET)
    browser.run("document.body.append(Object.assign(document.createElement('style'), {textContent: '*{}'}))")

    assert SECRET in find_secrets(browser.list_requests())
    assert browser.list_violations() == ["style-src-elem inline"]
    browser.list_complaints()


def test_the_commands_of_the_guide_work_as_printed(sandbox_stack: SandboxStack, token: str) -> None:
    steps = dict(zip(GUIDE_SAYS, re.findall(r"^```bash\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE), strict=True))
    values = {
        "EDGE": sandbox_stack.edge.https_url, "SOURCE": "acme", "POSTBACK_SECRET": SECRET, "TOKEN": token,
        "CLICK_ID": "C1", "RECEIPT": book(sandbox_stack),
    }  # fmt: skip
    export = "".join(f"export {name}='{value}'\n" for name, value in values.items())

    for expected, command in steps.items():
        assert expected in run_in_shell(sandbox_stack, export + command, ROOT / "examples/signing")


def run_in_shell(stack: SandboxStack, line: str, folder: Path = Path()) -> str:
    trust = {name: str(stack.edge.ca_file) for name in ("CURL_CA_BUNDLE", "SSL_CERT_FILE")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", line], env={**os.environ, **trust, "PATH": path}, cwd=folder, capture_output=True, text=True,
        timeout=END_WITHIN_S, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout
