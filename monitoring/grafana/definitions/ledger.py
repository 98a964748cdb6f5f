"""The ledger: how quickly commits come, what the worker makes of them, and whether Postgres has room to go on."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.definitions.after_the_ledger import show_forwards, show_publishing, show_worker
from monitoring.grafana.frame import Row, frame
from monitoring.grafana.levels import alarm_above, too_high
from monitoring.grafana.panels import Ask, bars, layers, lines, number, rows
from monitoring.grafana.queries import at_the_end, over_range, rows_of
from monitoring.grafana.targets import CONNECTIONS_LIMIT, FLUSH_SLOW_S, LEDGER_SILENT_S, QUEUE_LIMIT

_DATABASE = 'datname!~"template.*|postgres|"'


def define() -> Dashboard:
    """Define the dashboard."""
    about = (
        "Group commits and who waits for them, the worker and the forwards, Postgres' sessions, locks and write-ahead "
        "log, and the size of it all."
    )
    rows_of_page = [
        _now(),
        _commits(),
        _failures(),
        *show_worker(),
        show_forwards(),
        show_publishing(),
        _server(),
        _room(),
    ]
    return frame("ledger", about, rows_of_page)


def _now() -> Row:
    contact = Ask(
        question="How long ago did Postgres answer?",
        about="Since its last word to the backend, which asks every second.",
        unit="s",
        runbook="LedgerUnavailable",
        levels=too_high(5, LEDGER_SILENT_S),
        decimals=1,
        below="edge",
        width=6,
        height=4,
    )
    commits = Ask(
        question="How many commits in a second?",
        about="Group commits. Each brings the write-ahead log to the disk once, for all the rows that had gathered.",
        unit="ops",
        runbook="FlushSlow",
        below="edge",
        width=6,
        height=4,
    )
    waiting = Ask(
        question="How full is the queue?",
        about="Requests that wait for the writer, of those that may. When it is full, senders get 503.",
        unit="percentunit",
        runbook="QueueWaiting",
        levels=too_high(QUEUE_LIMIT / 2, QUEUE_LIMIT),
        decimals=1,
        below="edge",
        width=6,
        height=4,
    )
    sessions = Ask(
        question="How many of Postgres' connections are taken?",
        about="Sessions of every program, of max_connections.",
        unit="percentunit",
        runbook="PostgresConnectionsHigh",
        levels=too_high(CONNECTIONS_LIMIT * 0.75, CONNECTIONS_LIMIT),
        decimals=0,
        below="edge",
        width=6,
        height=4,
    )
    contacted = "postledger_ledger_contact_timestamp_seconds"
    return "Now", [
        number(contact, over_range(f"min(timestamp({contacted}) - {contacted})")),
        number(commits, over_range("sum(rate(postledger_flush_rows_count[$__rate_interval]))")),
        number(waiting, over_range("sum(postledger_queue_waiting) / sum(postledger_queue_limit)")),
        number(sessions, over_range("sum(pg_stat_activity_count) / max(pg_settings_max_connections)")),
    ]


def _commits() -> Row:
    duration = Ask(
        question="How long does a commit take?",
        about="Half, 95 % and 99 % of group commits take at most this long, statement and disk together.",
        unit="s",
        runbook="FlushSlow",
        below="edge",
        levels=alarm_above(FLUSH_SLOW_S),
    )
    size = Ask(
        question="How many rows share a commit?",
        about="Mean and 95th percentile. One on an idle system; more the busier it is, which is how it keeps up.",
        unit="short",
        runbook="FlushSlow",
        below="edge",
        decimals=1,
    )
    queue = Ask(
        question="Who waits for a commit?",
        about="Requests in the queue at the last commit, and postbacks that were turned away a second because the "
        "ledger was away or the queue was full.",
        unit="short",
        runbook="QueueWaiting",
        below="edge",
    )
    return "Commits", [
        lines(
            duration, *(over_range(_flush_quantile("duration_seconds", q), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99))
        ),
        lines(
            size,
            over_range(
                "sum(rate(postledger_flush_rows_sum[$__rate_interval])) / "
                "sum(rate(postledger_flush_rows_count[$__rate_interval]))",
                "mean",
            ),
            over_range(f"clamp_min({_flush_quantile('rows', 0.95)}, 1)", "p95"),
        ),
        lines(
            queue,
            over_range("sum(postledger_queue_waiting)", "waiting"),
            over_range(
                'sum(rate(postledger_refusals_total{reason="unavailable"}[$__rate_interval]))', "turned away a second"
            ),
        ),
    ]


def _failures() -> Row:
    commits = Ask(
        question="Which commits fail?",
        about="Failed group commits a second by cause, and workers whose last write failed. Their senders get 503.",
        unit="short",
        runbook="LedgerUnavailable",
        below="edge",
    )
    strangers = Ask(
        question="What is refused without a secret?",
        about="Refusals a second without a matching secret: all of them, those without an audit row, and those for "
        "which the byte budget of the day is spent.",
        unit="reqps",
        runbook="UnauthenticatedBudgetSpent",
        below="source",
    )
    budget = Ask(
        question="How much of the audit do they fill?",
        about="Bytes of such audit rows in the last 24 hours, and what they may fill in a day, all sources together.",
        unit="bytes",
        runbook="UnauthenticatedBudgetSpent",
        below="edge",
        colors={"budget of a day": "text"},
    )
    return "Failures and strangers", [
        lines(
            commits,
            over_range("sum by (cause) (rate(postledger_flush_failures_total[$__rate_interval]))", "{{cause}}"),
            over_range("sum(postledger_writers_failing)", "workers that fail now"),
        ),
        lines(
            strangers,
            over_range("sum(rate(postledger_stranger_refusals_total[$__rate_interval]))", "refused"),
            over_range("sum(rate(postledger_refusals_unrecorded_total[$__rate_interval]))", "without an audit row"),
            over_range("sum(rate(postledger_refusals_over_budget_total[$__rate_interval]))", "budget spent"),
        ),
        lines(
            budget,
            over_range("sum(increase(postledger_unauthenticated_bytes_total[1d]))", "last 24 hours"),
            over_range("max(postledger_unauthenticated_bytes_limit)", "budget of a day"),
        ),
    ]


def _flush_quantile(what: str, quantile: float) -> str:
    bucket = f"postledger_flush_{what}_bucket[$__rate_interval]"
    return f"histogram_quantile({quantile}, sum by (le) (rate({bucket})))"


def _server() -> Row:
    sessions = Ask(
        question="What are Postgres' sessions doing?",
        about="Sessions by state. Idle ones cost little; idle in transaction is a fault of somebody's.",
        unit="locale",
        runbook="PostgresConnectionsHigh",
        below="edge",
        decimals=0,
    )
    locks = Ask(
        question="Does anybody wait for a lock?",
        about="Locks that another session holds, and deadlocks in a minute. Writers wait for a schema change, for a "
        "moment.",
        unit="locale",
        runbook="FlushSlow",
        below="edge",
        decimals=0,
    )
    log = Ask(
        question="How much is written ahead?",
        about="Write-ahead log in a second. After a checkpoint whole pages go into it, so it comes in waves.",
        unit="Bps",
        runbook="FlushSlow",
        below="edge",
    )
    return "Postgres", [
        layers(sessions, over_range(f"sum by (state) (pg_stat_activity_count{{{_DATABASE}}}) > 0", "{{state}}")),
        lines(
            locks,
            over_range("sum(pg_locks_waiting)", "waiting"),
            over_range(f"60 * sum(rate(pg_stat_database_deadlocks{{{_DATABASE}}}[$__rate_interval]))", "deadlocks"),
        ),
        lines(log, over_range("sum(rate(pg_wal_bytes_total[$__rate_interval]))", "write-ahead log")),
    ]


def _room() -> Row:
    tables = Ask(
        question="Which tables take the room?",
        about="Bytes with indexes; the audit's days together are postbacks.",
        unit="bytes",
        runbook="DiskFillsSoon",
        below="edge",
    )
    database = Ask(
        question="How fast does it grow?",
        about="Size of the database, and where it will be in a week if it goes on as in the last six hours.",
        unit="bytes",
        runbook="DiskFillsSoon",
        below="edge",
        colors={"in a week": "text"},
    )
    days = Ask(
        question="Which days does the audit hold?",
        about="Partitions of the audit, the largest first, with their indexes. Days that are over are dropped by "
        "postledger retain.",
        unit="bytes",
        runbook="RetentionLate",
        below="edge",
    )
    size = f"sum(pg_database_size_bytes{{{_DATABASE}}})"
    growth = f"7 * 86400 * sum(deriv(pg_database_size_bytes{{{_DATABASE}}}[6h]))"
    return "Room", [
        bars(
            tables,
            at_the_end(
                "topk(8, sort_desc(sum by (table) (postledger_table_data_bytes + postledger_table_index_bytes)))",
                "{{table}}",
            ),
        ),
        lines(database, over_range(size, "database"), over_range(f"{size} + {growth}", "in a week")),
        rows(days, rows_of("audit_days"), units={"rows": "locale", "bytes": "bytes"}),
    ]
