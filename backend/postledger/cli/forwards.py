"""`forwards`: the postbacks that are sent on to others: their state, a test, and what to do when one fails."""

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Annotated

import msgspec
import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import AsUser, record, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.forward_presets import show_presets
from postledger.cli.id_arguments import read_receipt
from postledger.cli.interrupts import say_how_far
from postledger.cli.output import AsJson, print_json, print_table, show_progress
from postledger.cli.time_options import FORMS, read_past
from postledger.notifications.announce import announce_switch_off
from postledger.outgoing import operate
from postledger.outgoing.backfill import Backfilled
from postledger.outgoing.backfill import backfill as queue_past
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.resolve import SystemResolver
from postledger.outgoing.rules.render import describe_url
from postledger.outgoing.send_test import Tested, invent_facts, send_test
from postledger.vocabulary.wording import count

forwards = typer.Typer(help="Postbacks that are sent on to others.", no_args_is_help=True)
forwards.command("presets")(show_presets)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The slug of a forward.")]

_PROBED = "one delivery each minute is sent as a probe"
_HELD = {"off": "nothing is sent until it is resumed", "open": _PROBED, "half_open": _PROBED}
_COLUMNS = ("slug", "circuit", "waiting", "behind", "oldest", "failed", "last_success")


@forwards.command("list")
def list_forwards(context: typer.Context, as_json: AsJson = False) -> None:
    """List the forwards: circuit, waiting deliveries and the oldest of them, failed ones, the last success.

    `behind` is how many of those that wait are held behind an earlier change of their conversion.
    """
    with open_ledger(context) as connection:
        rows = operate.list_forwards(connection)
    if as_json:
        print_json(rows)
    else:
        print_table(_COLUMNS, [[row[name] for name in _COLUMNS] for row in rows])


@forwards.command("test")
def send_one_test(
    context: typer.Context,
    slug: Slug,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the URL, with *** for the secret, and send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send one test with invented values to a forward, and print the status of the answer.

    Its ids are postledger-test, and it has the header Postledger-Test. It is recorded nowhere.
    """
    keyring, now = open_keyring(context), datetime.now(UTC)
    with open_ledger(context) as connection:
        target = operate.find_target(connection, keyring, slug)
    facts = invent_facts(target.forward, now)
    if dry_run:
        url = describe_url(target.forward, facts)
        print_json({"url": url, "method": target.forward.method}) if as_json else print(url)
        return
    _report(send_test(target, facts, Network(SystemResolver(), trust_system()), now), as_json=as_json)


def _report(tested: Tested, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.structs.asdict(tested))
    else:
        answer = "no answer" if tested.status is None else f"HTTP {tested.status}"
        print(f"{answer}{f' ({tested.fault})' if tested.fault else ''}, {tested.took_ms} ms  {tested.url}")
    if not tested.is_delivered:
        raise CommandFailed("the test was not accepted; docs/forwards.md lists the faults")


@forwards.command()
def retry(
    context: typer.Context,
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="The slug of a forward.")] = None,
    receipt: Annotated[str | None, typer.Option("--receipt", help="Only the change with this receipt.")] = None,
    *,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Make due now what failed at a forward, and what waits for its next attempt. The worker sends it."""
    with (
        open_ledger(context) as connection,
        recorded(connection, as_user, "forward.retry", slug or "all", receipt=receipt),
    ):
        retried = operate.retry(connection, slug, receipt and read_receipt(receipt), datetime.now(UTC))
    if as_json:
        print_json(msgspec.structs.asdict(retried))
    else:
        print(f"due now: {retried.failed} failed, {retried.waiting} waiting for the next attempt")
        for held, circuit in retried.held.items():
            print(f"{held} is {circuit}: {_HELD[circuit]}; to send now: postledger forwards resume {held}")


@forwards.command()
def backfill(
    context: typer.Context,
    slug: Slug,
    *,
    since: Annotated[str, typer.Option("--since", help=f"The changes from this time on: {FORMS}.")],
    rate: Annotated[
        int | None, typer.Option("--rate", min=1, help="So many a second. Default: the limits of the forward.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would be sent, and send nothing.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Send changes of the past that were never queued for a forward, oldest first and after what is live.

    Each is sent as it was then, once. An interrupted command can be repeated.
    """
    keyring, now = open_keyring(context), datetime.now(UTC)
    begin = read_past("--since", since, now)
    with (
        say_how_far("compared" if dry_run else "queued") as follow,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("queueing") as on_progress,
    ):
        forward = operate.find_target(connection, keyring, slug).forward
        if not dry_run:
            record(connection, as_user, "forward.backfill", slug, since=begin)
        done = queue_past(connection, forward, begin, now, rate=rate, dry_run=dry_run, on_progress=follow(on_progress))
    if as_json:
        print_json(msgspec.structs.asdict(done))
    else:
        print(_describe(done, dry_run=dry_run))


def _describe(done: Backfilled, *, dry_run: bool) -> str:
    statuses = ", ".join(f"{number} {status}" for status, number in done.statuses.items())
    takes = "" if done.takes_s is None else f", sent within {timedelta(seconds=ceil(done.takes_s))} (h:m:s)"
    queued = count(done.deliveries, "delivery", "deliveries")
    return f"{'would queue' if dry_run else 'queued'} {queued}{f' ({statuses})' if statuses else ''}{takes}"


@forwards.command()
def resume(context: typer.Context, slug: Slug, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Close the circuit of a forward: what waits is sent, oldest first, at its rate."""
    _set_circuit(context, slug, as_user, is_on=True, as_json=as_json)


@forwards.command()
def off(context: typer.Context, slug: Slug, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Send nothing to a forward until it is resumed. Its deliveries are kept, and new ones are added."""
    _set_circuit(context, slug, as_user, is_on=False, as_json=as_json)


def _set_circuit(context: typer.Context, slug: str, as_user: str | None, *, is_on: bool, as_json: bool) -> None:
    action = "forward.resume" if is_on else "forward.off"
    with open_ledger(context) as connection, recorded(connection, as_user, action, slug):
        waiting = operate.set_circuit(connection, slug, is_on=is_on)
        if not is_on:
            announce_switch_off(connection, slug, datetime.now(UTC))
    if as_json:
        print_json({"slug": slug, "circuit": "closed" if is_on else "off", "waiting": waiting})
    else:
        print(f"{slug}: {'on' if is_on else 'off'}, {count(waiting, 'delivery', 'deliveries')} waiting")
