"""An alert arrives in the time that docs/monitoring.md promises, and so does its end.

The rules and routes run 60 times as fast, so a promised minute is a second. What the machine adds is the same however
fast they run.
"""

from tests.drills.promises import Promises
from tests.parts.alerting import RULES_FASTER
from tests.parts.incidents import Stage, convert_too_often, forge_signatures, lose_postgres

MACHINE_S = 8.0
LEDGER_SILENCE_S = 20.0  # a threshold is a number and not a length of time, so it is not shortened


def promised_s(minutes: float) -> float:
    """What docs/monitoring.md promises, at this pace, with a minute for Alertmanager."""
    return (minutes + 1) * 60 / RULES_FASTER + MACHINE_S


def test_wrong_signatures_of_a_trusted_source(stage: Stage, promises: Promises) -> None:
    firing_s, over_s = forge_signatures(stage)

    promises.keep("TrustedSourceValidationFailures arrives", firing_s, promised_s(1))
    promises.keep("TrustedSourceValidationFailures ends", over_s, promised_s(8))


def test_an_outage_of_postgres(stage: Stage, promises: Promises) -> None:
    outage = lose_postgres(stage)

    promises.keep("PostbackServerErrorSpike arrives", outage.spike_s, promised_s(1))
    promises.keep("LedgerUnavailable arrives", outage.cause_s, LEDGER_SILENCE_S + promised_s(2))
    promises.keep("LedgerUnavailable ends", outage.cause_over_s, promised_s(8))
    promises.keep("PostbackServerErrorSpike ends", outage.spike_over_s, promised_s(12))


def test_a_campaign_that_converts_too_often(stage: Stage, promises: Promises) -> None:
    firing_s, over_s = convert_too_often(stage)

    promises.keep("CampaignConversionRateAbnormal arrives", firing_s, promised_s(3))
    promises.keep("CampaignConversionRateAbnormal ends", over_s, promised_s(8))
