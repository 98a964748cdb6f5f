"""The decision page: what a code opens, and what becomes of a decision. The real console without the edge."""

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import httpx
import pytest

from postledger.console.guesses import MOST
from postledger.notifications.links import VALID_FOR
from tests.parts.console import Console
from tests.parts.decisions import Decisions, decisions

__all__ = ["decisions"]


@pytest.fixture(scope="module")
def console(decisions: Decisions) -> Iterator[Console]:
    with Console({"DATABASE_URL": decisions.url}) as console:
        yield console


@pytest.fixture
def page(console: Console) -> Iterator[httpx.Client]:
    with console.client() as client:
        yield client


def post(
    page: httpx.Client, code: str, decision: str = "", comment: str = "", address: str = "192.0.2.1"
) -> tuple[int, str]:
    """Send the form; return the status, and the text of the page."""
    fields = {"code": code, "comment": comment} | ({"decision": decision} if decision else {})
    answer = page.post("/decide", data=fields, headers={"X-Client-Address": address})
    text = html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))
    return answer.status_code, text


def test_the_page_asks_for_a_code(page: httpx.Client) -> None:
    answer = page.get("/decide")

    assert answer.status_code == 200
    assert 'name="code"' in answer.text
    assert page.head("/decide").status_code == 200


def test_a_code_shows_the_request_and_stays_good(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask("150.5")
    code = decisions.link(request)

    shown = [post(page, code) for _ in range(2)]
    assert [status for status, _ in shown] == [200, 200]
    for words in ("150.50 USD", "Payee 456", "Step 1 of 1: manager", "You are mia", "Commission", request):
        assert words in shown[1][1]
    assert decisions.state(request) == "waiting"


def test_the_page_of_a_bill_shows_its_lines(decisions: Decisions, page: httpx.Client) -> None:
    status, text = post(page, decisions.link(decisions.ask_about_bill()))

    assert status == 200
    for words in ("Decide about a bill", "period 2026-10", "Commission 6010 7 1200.50 USD", "Total 1234.56 USD"):
        assert words in text


@pytest.mark.parametrize(
    ("decision", "state"), [("approve", "approved"), ("reject", "rejected"), ("return", "returned")]
)
def test_a_decision_is_taken_with_its_comment(
    decisions: Decisions, page: httpx.Client, decision: str, state: str
) -> None:
    request = decisions.ask()

    status, text = post(page, decisions.link(request), decision, " Fine,\r\nas agreed ")

    assert (status, decisions.state(request)) == (200, state)
    assert f"You {state} it" in text
    assert decisions.decided(request) == [(0, "mia", decision, "Fine,\nas agreed")]


def test_the_link_of_a_mail_is_a_code_too(decisions: Decisions, page: httpx.Client) -> None:
    link = f" https://console.example/decide#{decisions.link(decisions.ask())}\n"

    assert post(page, link)[0] == 200


def test_a_step_of_a_chain_waits_for_the_next_one(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask(steps=("manager", "director"))

    _, text = post(page, decisions.link(request), "approve")
    second, shown = post(page, decisions.link(request, "dan"))

    assert "waits for its next step now: director" in text
    assert (second, "mia approved step 1" in shown) == (200, True)
    assert post(page, decisions.link(request, "dan"), "approve")[0] == 200
    assert decisions.state(request) == "approved"


def test_scenario_05_double_click_on_the_page(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    code = decisions.link(request)

    answers = [post(page, code, "approve") for _ in range(2)]
    other_status, other = post(page, code, "reject")
    look_status, look = post(page, code)

    assert answers[0] == answers[1]
    assert (other_status, "link_used" in other, "approved already" in other) == (409, True, True)
    assert (look_status, "link_used" in look) == (409, True)
    assert len(decisions.decided(request)) == 1


def test_the_second_of_two_people_reads_who_was_first(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    mine, theirs = decisions.link(request), decisions.link(request, "bob")
    post(page, mine, "approve")

    for answer in (post(page, theirs, "reject"), post(page, theirs)):
        assert answer[0] == 409
        assert "already_decided" in answer[1]
        assert "mia approved it at 20" in answer[1]
        assert "150 USD" not in answer[1]


def test_scenario_04_approver_race_on_the_page(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    codes, start = [decisions.link(request, login) for login in ("mia", "bob")], Barrier(2)

    def decide(code: str) -> tuple[int, str]:
        start.wait()
        return post(page, code, "approve")

    with ThreadPoolExecutor() as people:
        answers = sorted(people.map(decide, codes))

    assert [status for status, _ in answers] == [200, 409]
    assert re.search(r"already_decided: (mia|bob) approved it at 20", answers[1][1])
    assert len(decisions.decided(request)) == 1


def test_scenario_06_the_old_page_cannot_decide(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    code = decisions.link(request)
    decisions.execute("UPDATE approvals SET state = 'superseded' WHERE id = %s", request)

    for answer in (post(page, code), post(page, code, "approve")):
        assert (answer[0], "content_changed" in answer[1]) == (409, True)
    assert decisions.decided(request) == []


def test_another_content_than_that_of_the_mail_is_refused(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    code = decisions.link(request)
    decisions.execute("UPDATE decision_links SET content_sha256 = '\\x00' WHERE approval_id = %s", request)

    assert post(page, code, "approve")[0] == 409
    assert "content_changed" in post(page, code, "approve")[1]


def test_four_eyes_count_on_the_page(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask(created_by="mia")

    for answer in (post(page, decisions.link(request)), post(page, decisions.link(request), "approve")):
        assert (answer[0], "four_eyes" in answer[1], "150" in answer[1]) == (403, True, False)


def test_a_code_shows_nothing_to_one_whose_step_it_is_not(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()

    for login in ("dan", "vic"):
        status, text = post(page, decisions.link(request, login))
        assert (status, "not_your_step" in text, "150" in text) == (403, True, False)


def test_a_disabled_user_decides_nothing(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    code = decisions.link(request, "bob")
    decisions.execute("UPDATE users SET disabled_at = now() WHERE login = 'bob'")
    try:
        assert [post(page, code)[0], post(page, code, "approve")[0]] == [403, 403]
    finally:
        decisions.execute("UPDATE users SET disabled_at = NULL WHERE login = 'bob'")
    assert decisions.state(request) == "waiting"


def test_a_refused_decision_leaves_the_code_good(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask(created_by="mia")
    code = decisions.link(request)
    refused = post(page, code, "approve")[0]
    decisions.execute("UPDATE approvals SET created_by = NULL WHERE id = %s", request)

    assert (refused, post(page, code, "approve")[0]) == (403, 200)


def test_an_old_code_is_refused(decisions: Decisions, page: httpx.Client) -> None:
    code = decisions.link(decisions.ask(), at=datetime.now(UTC) - VALID_FOR - timedelta(minutes=1))

    assert (post(page, code)[0], "link_expired" in post(page, code)[1]) == (410, True)


def test_wrong_codes_are_limited_by_address(decisions: Decisions, page: httpx.Client, console: Console) -> None:
    code, limited = decisions.link(decisions.ask()), console.counted("limited")

    wrong = [post(page, "pld_" + "A" * 43, address="192.0.2.99")[0] for _ in range(MOST + 1)]

    assert wrong == [404] * MOST + [429]
    assert post(page, code, address="192.0.2.99")[0] == 429
    assert post(page, code, address="192.0.2.98")[0] == 200
    assert console.counted("limited") == limited + 2


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("code=a&code=b", "application/x-www-form-urlencoded", 400),
        ("code=%ff", "application/x-www-form-urlencoded", 400),
        ("code", "application/x-www-form-urlencoded", 400),
        ("code=ä", "application/x-www-form-urlencoded", 400),
        ("&".join(f"a{n}=1" for n in range(9)), "application/x-www-form-urlencoded", 400),
        ("code=" + "x" * 16384, "application/x-www-form-urlencoded", 413),
        ('{"code": "x"}', "application/json", 415),
        ("code=x", "", 415),
    ],
)
def test_what_is_no_form_is_refused(page: httpx.Client, body: str, kind: str, status: int) -> None:
    answer = page.post("/decide", content=body.encode(), headers={"Content-Type": kind})

    assert answer.status_code == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize("comment", ["x" * 2001, "a\0b"])
def test_a_comment_that_cannot_be_stored_is_refused(decisions: Decisions, page: httpx.Client, comment: str) -> None:
    request = decisions.ask()

    assert post(page, decisions.link(request), "approve", comment)[0] == 400
    assert decisions.state(request) == "waiting"


def test_another_decision_than_the_three_is_refused(decisions: Decisions, page: httpx.Client) -> None:
    assert post(page, decisions.link(decisions.ask()), "pay")[0] == 400


def test_text_of_a_sender_is_never_markup(decisions: Decisions, page: httpx.Client) -> None:
    request = decisions.ask()
    decisions.execute(
        "INSERT INTO approval_decisions SELECT %s, 1, id, NULL, 'approve', '\\x00', '<script>alert(1)</script>', now()"
        " FROM users WHERE login = 'dan'", request,
    )  # fmt: skip

    answer = page.post("/decide", data={"code": decisions.link(request)})

    assert answer.status_code == 200
    assert "&lt;script&gt;alert(1)" in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize("path", ["/decide", "/console.css", "/nothing", "/healthz"])
def test_every_answer_keeps_to_itself(page: httpx.Client, path: str) -> None:
    headers = page.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


def test_the_status_port_has_health_and_metrics_and_no_page(console: Console) -> None:
    assert console.status("/healthz").json() == {"status": "ok"}
    assert 'postledger_decision_page_requests_total{result="shown"}' in console.status("/metrics").text
    assert console.status("/decide").status_code == 404


def test_a_bug_is_answered_and_logged_without_what_was_sent(
    decisions: Decisions, page: httpx.Client, console: Console
) -> None:
    code = decisions.link(decisions.ask("151.38"))
    decisions.execute("ALTER TABLE approvals RENAME COLUMN amount TO odd_name")
    try:
        answer = page.post("/decide", data={"code": code}, headers={"X-Request-Id": "receipt-1"})
    finally:
        decisions.execute("ALTER TABLE approvals RENAME COLUMN odd_name TO amount")

    assert answer.status_code in (500, 503)
    assert "Nothing was decided" in answer.text
    assert "Traceback" not in answer.text + console.log_text()
    assert [word for word in ("pld_", "151.38", "odd_name") if word in answer.text + console.log_text()] == []


def test_no_code_and_no_amount_is_in_the_log(decisions: Decisions, page: httpx.Client, console: Console) -> None:
    request = decisions.ask("151.37")
    code = decisions.link(request)
    for decision in ("", "approve", "reject"):
        post(page, code, decision, "a-secret-comment")

    text = console.log_text()
    assert [word for word in (code, "pld_", "151.37", "a-secret-comment") if word in text] == []
