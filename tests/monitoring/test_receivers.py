"""Receivers: what Slack, PagerDuty, a mail and a webhook really get of an alert, and that no secret stays behind."""

import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from stat import S_IMODE
from types import SimpleNamespace
from typing import TypeVar

import pytest

from tests.edge.authority import Authority
from tests.parts.alerting import Alertmanager
from tests.parts.ports import free_port
from tests.parts.receivers import Catcher, Letter, Mailbox
from tests.parts.waiting import wait_until

RUNBOOK = "http://runbooks.test/LedgerUnavailable.md"
LABELS = {"alertname": "LedgerUnavailable", "severity": "critical", "team": "platform"}
SAYS = {
    "summary": "Postgres does not answer the backend",
    "description": "No worker has had an answer for 20s.",
    "runbook_url": RUNBOOK,
}
TITLE = "critical: Postgres does not answer the backend"
SECRETS = {name: f"s3cret-{name}" for name in ("hook", "heartbeat", "token", "slack", "key", "password")}
LOGIN = "alerts@postledger.test"
Message = TypeVar("Message")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Who vouches for the mail server: its certificate as a file, and the server's TLS."""
    folder, issuer = tmp_path_factory.mktemp("authority"), Authority("CN=mail authority")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*issuer.issue_for("localhost").files(folder))
    certificate, _ = issuer.files(folder)
    return SimpleNamespace(certificate=certificate, context=context, other=Authority("CN=other").files(folder)[0])


def keep(folder: Path, name: str, text: str, end: str = "\n") -> str:
    """A file with a secret as people make one, which ends with a line's end."""
    file = folder / name
    file.write_text(text + end)
    file.chmod(0o600)
    return str(file)


def everything(folder: Path, url: str, smarthost: str, ca_file: Path) -> dict[str, str]:
    """Variables that name every kind of receiver at that address, with a secret in each."""
    return {
        "POSTLEDGER_ALERT_WEBHOOK_URL": f"{url}hook/{SECRETS['hook']}?key={SECRETS['hook']}",
        "POSTLEDGER_ALERT_WEBHOOK_TOKEN_FILE": keep(folder, "token", SECRETS["token"]),
        "POSTLEDGER_ALERT_HEARTBEAT_URL": url.replace("//", f"//user:{SECRETS['heartbeat']}@"),
        "POSTLEDGER_ALERT_SLACK_URL_FILE": keep(folder, "slack", f"{url}services/{SECRETS['slack']}"),
        "POSTLEDGER_ALERT_SLACK_CHANNEL": "#sre",
        "POSTLEDGER_ALERT_PAGERDUTY_KEY_FILE": keep(folder, "key", SECRETS["key"]),
        "POSTLEDGER_ALERT_PAGERDUTY_URL": f"{url}v2/enqueue",
        "POSTLEDGER_ALERT_EMAIL_TO": "sre@postledger.test, night@postledger.test",
        "POSTLEDGER_ALERT_EMAIL_FROM": "alerts@postledger.test",
        "POSTLEDGER_ALERT_EMAIL_SMARTHOST": smarthost,
        "POSTLEDGER_ALERT_EMAIL_USERNAME": LOGIN,
        "POSTLEDGER_ALERT_EMAIL_PASSWORD_FILE": keep(folder, "password", SECRETS["password"], end=""),
        "POSTLEDGER_ALERT_EMAIL_CA_FILE": str(ca_file),
    }


@contextmanager
def everybody(folder: Path, authority: SimpleNamespace, status: int, password: str) -> Iterator[SimpleNamespace]:
    """All receivers and an Alertmanager that knows them: `status` is their answer, `password` the right one."""
    with ExitStack() as stack:
        catcher = stack.enter_context(Catcher(status))
        mailbox = stack.enter_context(Mailbox(authority.context, LOGIN, password))
        variables = everything(folder, catcher.url, mailbox.smarthost, authority.certificate)
        alertmanager = stack.enter_context(Alertmanager(variables))
        yield SimpleNamespace(catcher=catcher, mailbox=mailbox, alertmanager=alertmanager)


@pytest.fixture(scope="module")
def told(authority: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """Everybody, after one critical alert began and ended."""
    with everybody(tmp_path_factory.mktemp("secrets"), authority, 200, SECRETS["password"]) as all_of_them:
        catcher, mailbox, alertmanager = all_of_them.catcher, all_of_them.mailbox, all_of_them.alertmanager
        slack, pager = f"/services/{SECRETS['slack']}", "/v2/enqueue"

        def kinds() -> tuple[list[str], ...]:
            """What each receiver was told, in its order: Alertmanager repeats itself if the test is slow."""
            hooked = [letter.body["status"] for letter in hooks(catcher)]
            titles = [message["attachments"][0]["title"] for message in catcher.sent_to(slack)]
            paged = [message["event_action"] for message in catcher.sent_to(pager)]
            subjects = [str(mail.message["subject"]) for mail in list(mailbox.mails)]
            return hooked, titles, paged, subjects

        alertmanager.tell(LABELS, SAYS)
        wait_until(lambda: all(kinds()), what="a message at each receiver")
        alertmanager.tell(LABELS, SAYS, is_over=True)
        wait_until(lambda: all("resolve" in kind[-1].lower() for kind in kinds()), what="the end at each receiver")
        assert [len(set(kind)) for kind in kinds()] == [2, 2, 2, 2], "one beginning and one end"
        yield SimpleNamespace(
            **vars(all_of_them),
            hooks=first_and_last(hooks(catcher)),
            slack=first_and_last(catcher.sent_to(slack)),
            pages=first_and_last(catcher.sent_to(pager)),
            mails=first_and_last(mailbox.mails),
        )


def hooks(catcher: Catcher) -> list[Letter]:
    """The requests to the webhook."""
    return [letter for letter in list(catcher.letters) if letter.path.startswith("/hook/")]


def first_and_last(messages: Sequence[Message]) -> tuple[Message, Message]:
    """How it began and how it ended."""
    return messages[0], messages[-1]


def test_slack_is_told_how_bad_it_is_what_it_is_and_where_to_read_on(told: SimpleNamespace) -> None:
    began, ended = told.slack

    assert began["channel"] == "#sre"
    assert began["attachments"][0]["title"] == f"[FIRING:1] {TITLE}"
    assert began["attachments"][0]["text"].strip().splitlines() == [
        "firing critical LedgerUnavailable: Postgres does not answer the backend",
        SAYS["description"],
        RUNBOOK,
    ]
    assert began["attachments"][0]["color"] == "danger"
    assert began["attachments"][0]["title_link"] == RUNBOOK
    assert began["attachments"][0]["fallback"] == f"[FIRING:1] {TITLE}", "what a telephone shows"
    assert ended["attachments"][0]["title"] == f"[RESOLVED] {TITLE}"
    assert ended["attachments"][0]["text"].startswith("resolved critical LedgerUnavailable: ")
    assert ended["attachments"][0]["color"] == "good"


def test_pagerduty_opens_an_incident_and_closes_the_same_one(told: SimpleNamespace) -> None:
    began, ended = told.pages

    assert (began["event_action"], ended["event_action"]) == ("trigger", "resolve")
    assert began["dedup_key"] == ended["dedup_key"]
    assert began["routing_key"] == ended["routing_key"] == SECRETS["key"]
    assert began["payload"]["severity"] == "critical"
    assert began["payload"]["summary"] == f"[FIRING:1] {TITLE}"
    assert began["payload"]["custom_details"]["runbook"].strip() == RUNBOOK
    assert SAYS["description"] in began["payload"]["custom_details"]["firing"]
    assert (began["client"], began["client_url"]) == ("Postledger", RUNBOOK)


def test_a_mail_goes_to_each_address_over_tls_by_whoever_may_send(told: SimpleNamespace) -> None:
    began, ended = told.mails

    assert set(told.mailbox.logins) == {(LOGIN, True)}
    assert began.message["subject"] == f"[FIRING:1] {TITLE}"
    assert ended.message["subject"] == f"[RESOLVED] {TITLE}"
    for mail, word in ((began, "firing"), (ended, "resolved")):
        assert mail.sender == "alerts@postledger.test"
        assert mail.recipients == ("sre@postledger.test", "night@postledger.test")
        assert mail.text("plain").startswith(f"{word} critical LedgerUnavailable: {SAYS['summary']}")
        for kind in ("plain", "html"):
            assert SAYS["description"] in mail.text(kind)
            assert RUNBOOK in mail.text(kind)


def test_a_webhook_is_told_with_its_token(told: SimpleNamespace) -> None:
    hooked = told.hooks

    assert {letter.authorization for letter in hooked} == {f"Bearer {SECRETS['token']}"}
    assert [letter.body["status"] for letter in hooked] == ["firing", "resolved"]
    assert hooked[0].body["alerts"][0]["annotations"] == SAYS


@pytest.mark.parametrize(
    ("alerts", "title"),
    [
        ([("DuplicateStorm", "acme", "a"), ("SourceSilent", "acme", "b")], "[FIRING:2] warning: acme"),
        ([("DuplicateStorm", "acme", "a")], "[FIRING:1] warning: a"),
        ([("FlushSlow", "acme", "a"), ("FlushSlow", "other", "b")], "[FIRING:2] warning: FlushSlow"),
    ],
)
def test_a_title_says_what_several_alerts_have_in_common(
    tmp_path: Path, alerts: list[tuple[str, str, str]], title: str
) -> None:
    with Catcher() as catcher:
        file = keep(tmp_path, "slack", catcher.url)
        with Alertmanager({"POSTLEDGER_ALERT_SLACK_URL_FILE": file}) as alertmanager:
            for name, source, summary in alerts:
                team = "platform" if name == "FlushSlow" else "partners"
                labels = {"alertname": name, "source": source, "severity": "warning", "team": team}
                alertmanager.tell(labels, {"summary": summary})

            wait_until(lambda: title in [one["attachments"][0]["title"] for one in catcher.messages], what=title)


def test_a_mail_server_that_nobody_vouches_for_gets_neither_mail_nor_password(
    authority: SimpleNamespace, tmp_path: Path
) -> None:
    with Mailbox(authority.context, LOGIN, SECRETS["password"]) as mailbox:
        variables = everything(tmp_path, "http://127.0.0.1:9/", mailbox.smarthost, authority.other)
        with Alertmanager(variables) as alertmanager:
            alertmanager.tell(LABELS, SAYS)
            wait_until(lambda: alertmanager.failures().get("email", 0) > 0, what="a mail that fails")

            assert (mailbox.mails, mailbox.logins) == ([], [])


def test_nothing_that_is_left_of_a_message_tells_a_secret(told: SimpleNamespace) -> None:
    assert list_told_secrets(told.alertmanager.home) == []


def test_receivers_that_refuse_get_no_secret_into_the_log(authority: SimpleNamespace, tmp_path: Path) -> None:
    with everybody(tmp_path, authority, 500, "another password") as refusing:
        fail_everywhere(refusing.alertmanager)
        wait_until(lambda: (LOGIN, False) in refusing.mailbox.logins, what="a refused password")

        assert list_told_secrets(refusing.alertmanager.home) == []
        assert "127.0.0.1" in (refusing.alertmanager.home / "log").read_text(), "it tells which host it was"


def test_receivers_that_are_away_get_no_secret_into_the_log(authority: SimpleNamespace, tmp_path: Path) -> None:
    nowhere = free_port()
    variables = everything(tmp_path, f"http://127.0.0.1:{nowhere}/", f"localhost:{nowhere}", authority.certificate)
    with Alertmanager(variables) as alertmanager:
        fail_everywhere(alertmanager)

        assert list_told_secrets(alertmanager.home) == []
        assert "connection refused" in (alertmanager.home / "log").read_text()


def fail_everywhere(alertmanager: Alertmanager) -> None:
    """Tell of one alert for each receiver, and wait until each has failed and the log says so."""
    alertmanager.tell(LABELS, SAYS)
    alertmanager.tell({"alertname": "Watchdog", "severity": "none", "team": "platform"}, SAYS)
    kinds = {"webhook": 2, "slack": 1, "pagerduty": 1, "email": 1}

    def have_failed() -> bool:
        failures: Mapping[str, float] = alertmanager.failures()
        return all(failures.get(kind, 0) >= least for kind, least in kinds.items())

    wait_until(have_failed, what="a failure of each receiver")
    log = alertmanager.home / "log"
    wait_until(lambda: all(f"{kind}[0]" in log.read_text() for kind in kinds), what="a line for each of them")


def list_told_secrets(home: Path) -> list[tuple[str, str]]:
    """Where a secret is told: in the log, in a file that others may read, or in a process list."""
    places = {
        str(file): file.read_text(errors="replace")
        for file in home.rglob("*")
        if file.is_file() and (file.name == "log" or S_IMODE(file.stat().st_mode) & 0o077)
    }
    assert places, "there is something to look at"
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            places[process.name] = _command_of(process)
    return [(place, name) for place, text in places.items() for name, secret in SECRETS.items() if secret in text]


def _command_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
