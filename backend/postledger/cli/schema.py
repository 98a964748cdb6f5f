"""`migrate`, `grant` and `retain`: the schema of the ledger, the dashboards' role, and the days of the audit table."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.output import AsJson, print_json
from postledger.clicks.retention import delete_expired_clicks
from postledger.ledger.migrate import migrate as bring_up_to_date
from postledger.ledger.partitions import retain as retain_days
from postledger.ledger.sandbox import KEPT, delete_old_rows
from postledger.notifications.links import delete_old_links
from postledger.outgoing.retention import delete_old_deliveries, delete_old_publications
from postledger.platform.postgres.grants import grant_reader
from postledger.platform.settings import read_click_retention_days, read_environment, read_retention_days
from postledger.reconciliation.bank.old_texts import delete_old_texts
from postledger.vocabulary.wording import count


def migrate(context: typer.Context, as_json: AsJson = False) -> None:
    """Bring the ledger's schema up to date. It is safe to repeat, and to run twice at once."""
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        migrated = bring_up_to_date(connection, datetime.now(UTC))
    if as_json:
        print_json({"applied": migrated.applied, "partitions_made": migrated.partitions_made})
        return
    for name in migrated.applied:
        print(f"applied  {name}")
    applied, made = count(len(migrated.applied), "migration"), count(len(migrated.partitions_made), "partition")
    print(f"The ledger is up to date: {applied} applied, {made} created.")


def grant(
    context: typer.Context, role: Annotated[str, typer.Argument(help="A Postgres role, such as postledger_reader.")]
) -> None:
    """Let a role read what the dashboards show, and nothing else: no secret, id, address or raw request."""
    with open_ledger(context) as connection:
        grant_reader(connection, role)
    print(f"{role} may read what the dashboards show.")


def retain(context: typer.Context, as_json: AsJson = False) -> None:
    """Create the audit's next days, and drop what is older than the retention periods. Cron runs it daily.

    Audit rows, and what was forwarded and published, are kept for POSTLEDGER_RETENTION_DAYS, clicks without a
    conversion for POSTLEDGER_CLICK_RETENTION_DAYS, and what partners tried in the sandbox for 7 days. The texts of bank
    lines are kept for bank_text_days of [finance].
    """
    environment, now = read_environment(), datetime.now(UTC)
    days, click_days = read_retention_days(environment), read_click_retention_days(environment)
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        retained = retain_days(connection, now, days)
        deliveries = delete_old_deliveries(connection, now, days)
        delete_old_links(connection, now)
        publications = delete_old_publications(connection, now, days)
        clicks = delete_expired_clicks(connection, now, click_days)
        tried = delete_old_rows(connection, now)
        texts = delete_old_texts(connection, now)
    if as_json:
        kept = {
            "retention_days": days,
            "deliveries_deleted": deliveries,
            "publications_deleted": publications,
            "clicks_deleted": clicks,
            "click_retention_days": click_days,
            "sandbox_deleted": tried,
            "bank_texts_deleted": texts,
        }
        print_json({"made": retained.made, "dropped": retained.dropped, **kept})
        return
    for action, names in (("created", retained.made), ("dropped", retained.dropped)):
        for name in names:
            print(f"{action:<8} {name}")
    made, dropped = count(len(retained.made), "partition"), len(retained.dropped)
    print(f"{made} created, {dropped} dropped; the audit keeps {count(days, 'day')}. Conversions are kept for ever.")
    sent = f"{count(deliveries, 'forwarded change')} and {count(publications, 'published change')}"
    print(f"{sent} deleted; they are kept for {count(days, 'day')}.")
    if texts:
        print(f"the texts of {count(texts, 'bank line')} deleted; they are kept for bank_text_days of [finance].")
    print(f"{count(clicks, 'click')} without a conversion deleted; they are kept for {count(click_days, 'day')}.")
    print(f"{count(tried, 'postback')} of the sandbox deleted; they are kept for {count(KEPT.days, 'day')}.")
