"""Alertmanager: who hears of what, what is kept back, and receivers from the environment, no secret in the open."""

import subprocess
from pathlib import Path
from stat import S_IMODE

import pytest

from tests.parts.alerting import Alertmanager, hasten, write_receivers
from tests.parts.certificates import make_authority
from tests.parts.promtool import ROOT, list_alerts
from tests.parts.receivers import Catcher
from tests.parts.waiting import wait_until

SHIPPED = ROOT / "monitoring/alertmanager/alertmanager.yml"
WEBHOOK = {"POSTLEDGER_ALERT_WEBHOOK_URL": "https://hook.test/alerts"}


def amtool(*arguments: str | Path) -> str:
    """Run amtool and give what it printed; fails when it finds a fault."""
    return subprocess.run(["amtool", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def route(**labels: str) -> list[str]:
    """The receivers of an alert with these labels, in order."""
    told = amtool("config", "routes", "test", f"--config.file={SHIPPED}", *(f"{k}={v}" for k, v in labels.items()))
    return told.strip().split(",")


def every_receiver(folder: Path) -> dict[str, str]:
    """Variables that name each kind of receiver, with secrets in files."""
    secrets = {}
    for name in ("WEBHOOK_TOKEN", "SLACK_URL", "PAGERDUTY_KEY", "EMAIL_PASSWORD"):
        file = folder / name
        file.write_text(f"s3cret-{name}")
        secrets[f"POSTLEDGER_ALERT_{name}_FILE"] = str(file)
    certificate = folder / "authority.crt"
    certificate.write_text(make_authority("mail"))
    return {
        **WEBHOOK,
        **secrets,
        "POSTLEDGER_ALERT_HEARTBEAT_URL": "https://heartbeat.test/1",
        "POSTLEDGER_ALERT_PAGERDUTY_URL": "https://events.test/v2/enqueue",
        "POSTLEDGER_ALERT_EMAIL_CA_FILE": str(certificate),
        "POSTLEDGER_ALERT_SLACK_CHANNEL": "#it's-us",
        "POSTLEDGER_ALERT_SLACK_CHANNEL_PARTNERS": "#partners",
        "POSTLEDGER_ALERT_EMAIL_TO": "sre@postledger.test",
        "POSTLEDGER_ALERT_EMAIL_TO_FINANCE": "money@postledger.test",
        "POSTLEDGER_ALERT_EMAIL_FROM": "alerts@postledger.test",
        "POSTLEDGER_ALERT_EMAIL_SMARTHOST": "mail.test:587",
        "POSTLEDGER_ALERT_EMAIL_USERNAME": "alerts",
    }


def test_amtool_finds_no_fault_in_what_is_shipped() -> None:
    assert "SUCCESS" in amtool("check-config", SHIPPED)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"alertname": "Watchdog", "severity": "none", "team": "platform"}, ["heartbeat"]),
        ({"alertname": "LedgerUnavailable", "severity": "critical", "team": "platform"}, ["page", "platform"]),
        ({"alertname": "FlushSlow", "severity": "warning", "team": "platform"}, ["platform"]),
        ({"alertname": "SourceSilent", "severity": "warning", "team": "partners"}, ["partners"]),
        ({"alertname": "Theft", "severity": "critical", "team": "partners"}, ["page", "partners"]),
        ({"alertname": "StatusMixShift", "severity": "info", "team": "finance"}, ["finance"]),
        ({"alertname": "Unheard"}, ["platform"]),
    ],
)
def test_an_alert_goes_to_its_team_and_a_critical_one_wakes_somebody_too(
    labels: dict[str, str], receivers: list[str]
) -> None:
    assert route(**labels) == receivers


def test_every_shipped_alert_has_a_receiver_of_its_team() -> None:
    routed = {alert.name: route(alertname=alert.name, **alert.labels) for alert in list_alerts()}

    wrong = {
        alert.name
        for alert in list_alerts()
        if routed[alert.name][-1] != ("heartbeat" if alert.name == "Watchdog" else alert.labels["team"])
    }
    assert wrong == set()


def test_every_kind_of_receiver_is_written_as_amtool_wants_it_and_no_secret_with_it(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"

    write_receivers(file, every_receiver(tmp_path))

    assert "5 receivers" in amtool("check-config", file)
    text = file.read_text()
    assert S_IMODE(file.stat().st_mode) == 0o600
    assert "s3cret" not in text
    assert text.count("#partners") == 1
    assert text.count("money@postledger.test") == 1
    assert text.count("pagerduty_configs") == 1


def test_without_a_receiver_nobody_is_told_and_the_routes_are_the_shipped_ones(tmp_path: Path) -> None:
    file = tmp_path / "alertmanager.yml"

    write_receivers(file, {})

    assert "SUCCESS" in amtool("check-config", file)
    assert file.read_text() == SHIPPED.read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POSTLEDGER_ALERT_WEBHOOK_URL", "hook.test"),
        ("POSTLEDGER_ALERT_HEARTBEAT_URL", "ftp://hook.test"),
        ("POSTLEDGER_ALERT_SLACK_URL_FILE", "/nowhere"),
        ("POSTLEDGER_ALERT_PAGERDUTY_KEY_FILE", "/tmp"),
        ("POSTLEDGER_ALERT_WEBHOOK_TOKEN_FILE", "/nowhere"),
        ("POSTLEDGER_ALERT_EMAIL_SMARTHOST", "mail.test"),
        ("POSTLEDGER_ALERT_EMAIL_FROM", ""),
        ("POSTLEDGER_ALERT_EMAIL_PASSWORD_FILE", ""),
        ("POSTLEDGER_ALERT_EMAIL_CA_FILE", "/nowhere"),
        ("POSTLEDGER_ALERT_PAGERDUTY_URL", "events.test"),
        ("POSTLEDGER_ALERT_SLACK_CHANNEL", "#two\nlines: 1"),
    ],
)
def test_a_bad_setting_is_named_and_nothing_is_written(tmp_path: Path, name: str, value: str) -> None:
    file = tmp_path / "alertmanager.yml"

    with pytest.raises(ValueError, match="receiver's setting" if "\n" in value else name):
        write_receivers(file, {**every_receiver(tmp_path), name: value})

    assert not file.exists()


def test_a_password_with_the_end_of_a_line_is_refused_because_it_would_be_sent(tmp_path: Path) -> None:
    variables = every_receiver(tmp_path)
    Path(variables["POSTLEDGER_ALERT_EMAIL_PASSWORD_FILE"]).write_text("s3cret\n")

    with pytest.raises(ValueError, match="PASSWORD_FILE: the file ends with a line's end") as refused:
        write_receivers(tmp_path / "alertmanager.yml", variables)

    assert "s3cret" not in str(refused.value)


def test_what_a_database_that_is_down_explains_is_kept_back_and_the_rest_is_told() -> None:
    platform = {"team": "platform"}
    with Catcher() as catcher, Alertmanager({"POSTLEDGER_ALERT_WEBHOOK_URL": catcher.url}) as alertmanager:
        alertmanager.post({"alertname": "LedgerUnavailable", "severity": "critical", **platform})
        wait_until(lambda: catcher.heard("firing", alertname="LedgerUnavailable"), what="the ledger")
        alertmanager.post(
            {"alertname": "PostbackServerErrorSpike", "severity": "critical", "source": "acme", **platform},
            {"alertname": "FlushSlow", "severity": "warning", **platform},
            {"alertname": "TargetDown", "severity": "warning", "job": "postgres", **platform},
            {"alertname": "DiskFillsSoon", "severity": "warning", "mountpoint": "/", **platform},
        )
        wait_until(lambda: catcher.heard("firing", alertname="DiskFillsSoon"), what="the disk")

        wait_until(lambda: alertmanager.silent() == {"PostbackServerErrorSpike", "FlushSlow", "TargetDown"})
        told = {alert["labels"]["alertname"] for message in catcher.messages for alert in message["alerts"]}
        assert told == {"LedgerUnavailable", "DiskFillsSoon"}


def test_a_source_that_cannot_be_used_explains_its_own_errors_and_no_other_sources() -> None:
    spike = {"alertname": "PostbackServerErrorSpike", "severity": "critical", "team": "platform"}
    with Catcher() as catcher, Alertmanager({"POSTLEDGER_ALERT_WEBHOOK_URL": catcher.url}) as alertmanager:
        alertmanager.post(
            {"alertname": "SourceUnusable", "severity": "critical", "team": "platform", "source": "shaky"}
        )
        wait_until(lambda: catcher.heard("firing", alertname="SourceUnusable", source="shaky"), what="the cause")
        alertmanager.post({**spike, "source": "shaky"}, {**spike, "source": "steady"})
        wait_until(lambda: catcher.heard("firing", source="steady"), what="the other source")

        assert not catcher.heard("firing", alertname="PostbackServerErrorSpike", source="shaky")


def test_all_about_one_source_comes_in_one_message_and_so_does_one_fault_at_many_sources() -> None:
    partners = {"severity": "warning", "team": "partners"}
    together = {
        frozenset({("DuplicateStorm", "acme"), ("SourceSilent", "acme")}),
        frozenset({("SourceSilent", "other")}),
        frozenset({("PostbackServerErrorSpike", "acme"), ("PostbackServerErrorSpike", "other")}),
    }
    with Catcher() as catcher, Alertmanager({"POSTLEDGER_ALERT_WEBHOOK_URL": catcher.url}) as alertmanager:
        alertmanager.post(
            {"alertname": "DuplicateStorm", "source": "acme", **partners},
            {"alertname": "SourceSilent", "source": "acme", **partners},
            {"alertname": "SourceSilent", "source": "other", **partners},
            {"alertname": "PostbackServerErrorSpike", "source": "acme", "severity": "critical", "team": "platform"},
            {"alertname": "PostbackServerErrorSpike", "source": "other", "severity": "critical", "team": "platform"},
        )

        def told() -> set[frozenset[tuple[str, str]]]:
            return {
                frozenset((alert["labels"]["alertname"], alert["labels"]["source"]) for alert in message["alerts"])
                for message in catcher.messages
            }

        wait_until(lambda: told() >= together, what="a message for all that belongs together")
        # Where one of them came late, its fellow was told alone before; but nobody was ever told among others.
        assert all(any(message <= group for group in together) for message in told())


def test_hastening_divides_lengths_of_time_and_leaves_everything_else_alone() -> None:
    rule = "record: a:b:increase5m\nfor: 90m\nexpr: 288 * avg_over_time(a:b:increase5m[1d:5m] offset 7h30m) > 0.25\n"

    assert hasten(rule, 60) == (
        "record: a:b:increase5m\nfor: 90000ms\n"
        "expr: 288 * avg_over_time(a:b:increase5m[1440000ms:5000ms] offset 450000ms) > 0.25\n"
    )
