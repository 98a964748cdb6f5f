"""Rows of what follows from the ledger: the worker, forwards, the broker. The page of the ledger shows them."""

from monitoring.grafana.frame import Row
from monitoring.grafana.levels import alarm_above, too_high
from monitoring.grafana.panels import Ask, lines, number
from monitoring.grafana.queries import over_range
from monitoring.grafana.targets import DEAD_TASKS, FORWARD_OFF, OUTBOX_AGE_S, PUBLICATIONS_AGE_S


def show_worker() -> tuple[Row, Row]:
    """Show what waits for a worker, and what it does."""
    age = Ask(
        question="How long has a change waited?",
        about="Age of the oldest change of a conversion that no worker has taken. About a second is the most when all "
        "is well.",
        unit="s",
        runbook="MappingLagging",
        levels=too_high(OUTBOX_AGE_S / 2, OUTBOX_AGE_S),
        decimals=1,
        below="finance",
        width=8,
        height=4,
    )
    waiting = Ask(
        question="How many changes wait?",
        about="Changes of conversions that no worker has taken; an estimate beyond 10,000.",
        unit="locale",
        runbook="MappingLagging",
        decimals=0,
        below="finance",
        width=8,
        height=4,
    )
    dead = Ask(
        question="How many tasks were given up?",
        about="Tasks that failed 10 times and wait for an operator: postledger jobs list --state dead.",
        unit="locale",
        runbook="TaskDead",
        levels=alarm_above(DEAD_TASKS),
        decimals=0,
        below="finance",
        width=8,
        height=4,
    )
    mapped = Ask(
        question="What does the worker map?",
        about="Expense lines in a second by kind, and conversions for which no line was due.",
        unit="ops",
        runbook="MappingLagging",
        below="finance",
    )
    runs = Ask(
        question="What do workers run?",
        about="Changes handed over and tasks run in a second, by result; what is retried or dead has failed.",
        unit="ops",
        runbook="TaskDead",
        below="finance",
    )
    queue = Ask(
        question="What waits for a worker?",
        about="Changes (map), deliveries (forward) and tasks that wait, due or not.",
        unit="locale",
        runbook="WorkerGone",
        decimals=0,
        below="finance",
    )
    return (
        "Worker",
        [
            number(age, over_range("postledger:outbox_age_seconds:max")),
            number(waiting, over_range("max(postledger_outbox_waiting)")),
            number(dead, over_range("sum(task:postledger_jobs_dead:max)")),
        ],
    ), (
        "Work",
        [
            lines(
                mapped, over_range("sum by (result) (rate(postledger_mapped_total[$__rate_interval]))", "{{result}}")
            ),
            lines(
                runs,
                over_range(
                    "sum by (task, result) (rate(postledger_jobs_total[$__rate_interval])) > 0", "{{task}} {{result}}"
                ),
            ),
            lines(queue, over_range("max by (task) (postledger_jobs_waiting)", "{{task}}")),
        ],
    )


def show_forwards() -> Row:
    """Show what becomes of deliveries."""
    results = Ask(
        question="What becomes of deliveries?",
        about="Attempts in a second by result: delivered; retried is tried again; failed is final; blocked by the "
        "guard against private addresses.",
        unit="ops",
        runbook="ForwardFailing",
        below="finance",
        width=6,
    )
    circuits = Ask(
        question="Which forwards are not closed?",
        about="The circuit of each forward: 0 closed, 1 half open, 2 open (one delivery a minute is tried), 3 off.",
        unit="locale",
        runbook="ForwardSwitchedOff",
        levels=too_high(1, FORWARD_OFF),
        decimals=0,
        below="finance",
        width=6,
    )
    waiting = Ask(
        question="What waits for which forward?",
        about="Deliveries that wait, due or not; counted up to 100,000.",
        unit="locale",
        runbook="ForwardFailing",
        decimals=0,
        below="finance",
        width=6,
    )
    oldest = Ask(
        question="How long has a delivery waited?",
        about="Age of the oldest delivery that waits, by forward. A receiver that is down makes it grow.",
        unit="s",
        runbook="ForwardFailing",
        below="finance",
        width=6,
    )
    return "Forwards", [
        lines(
            results, over_range("sum by (result) (rate(postledger_deliveries_total[$__rate_interval]))", "{{result}}")
        ),
        lines(circuits, over_range("forward:postledger_forward_circuit:max", "{{forward}}")),
        lines(waiting, over_range("max by (forward) (postledger_deliveries_waiting)", "{{forward}}")),
        lines(oldest, over_range("max by (forward) (postledger_deliveries_oldest_seconds)", "{{forward}}")),
    ]


def show_publishing() -> Row:
    """Show what becomes of messages to the broker."""
    results = Ask(
        question="What does the broker say?",
        about="Messages in a second by result: published; what was returned (no queue takes it), refused or left "
        "unconfirmed is repeated.",
        unit="ops",
        runbook="PublishingStalled",
        below="finance",
        width=8,
    )
    waiting = Ask(
        question="How many changes wait for the broker?",
        about="Changes that the broker has not confirmed, counted up to 100,000. While it is down they wait in the "
        "ledger.",
        unit="locale",
        runbook="PublishingStalled",
        decimals=0,
        below="finance",
        width=8,
    )
    age = Ask(
        question="How long has a change waited for the broker?",
        about="Age of the oldest change that the broker has not confirmed. Above the line consumers are late.",
        unit="s",
        runbook="PublishingStalled",
        levels=too_high(PUBLICATIONS_AGE_S / 2, PUBLICATIONS_AGE_S),
        below="finance",
        width=8,
    )
    return "Broker", [
        lines(
            results, over_range("sum by (result) (rate(postledger_published_total[$__rate_interval]))", "{{result}}")
        ),
        lines(waiting, over_range("max(postledger_publications_waiting)", "changes")),
        lines(age, over_range("postledger:publications_age_seconds:max", "oldest")),
    ]
