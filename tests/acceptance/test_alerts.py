"""Alerts arrive at their receivers when something real breaks, and their end arrives too."""

from tests.parts.incidents import Stage, convert_too_often, forge_signatures, lose_postgres


def test_wrong_signatures_of_a_trusted_source_fire_an_alert_that_ends(stage: Stage) -> None:
    forge_signatures(stage)


def test_an_outage_of_postgres_fires_the_spike_and_its_cause(stage: Stage) -> None:
    lose_postgres(stage)


def test_a_campaign_that_converts_too_often_fires_an_alert_that_ends(stage: Stage) -> None:
    convert_too_often(stage)


def test_an_alert_links_to_its_runbook(stage: Stage) -> None:
    forge_signatures(stage)

    told = [alert for message in stage.catcher.messages for alert in message["alerts"]]
    assert {alert["annotations"]["runbook_url"] for alert in told} == {
        f"http://runbooks.test/{alert['labels']['alertname']}.md" for alert in told
    }
    assert all("runbooks" not in alert["labels"] for alert in told)


def test_every_rule_can_be_evaluated_over_the_real_series(stage: Stage) -> None:
    assert stage.prometheus.failing() == {}
