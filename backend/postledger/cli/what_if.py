"""`apply FILE --what-if 7d`: what the file would have made of the postbacks of the last days. It changes nothing."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import msgspec
import typer
from msgspec.structs import replace

from postledger.audit.replay.judge import Judge
from postledger.audit.replay.other_policy import try_settings
from postledger.audit.replay.past_settings import PastSettings
from postledger.audit.replay.selection import Selection, bound, check_selection
from postledger.audit.replay.table import Table
from postledger.audit.what_if.what_if import Side, try_rules
from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.interrupts import say_how_far
from postledger.cli.output import show_progress
from postledger.cli.replay_table import print_tried, tried_facts
from postledger.cli.time_options import read_past, read_zone
from postledger.policy.config_file import SourceConfig
from postledger.policy.diff import Action, Change
from postledger.policy.read import load_policy
from postledger.policy.source import Settings

NOT_TRIED = frozenset({
    "secrets", "signature", "auth", "token", "token_header", "public_url", "timestamp_tolerance_s", "allow",
    "client_ca", "rate", "burst", "paths", "hosts", "reversal_guard", "store_ip", "trusted", "ack", "name",
})  # fmt: skip
"""Settings that decide before anything is stored, or that change no verdict: a stored postback cannot try them."""


class Tried(msgspec.Struct, frozen=True):
    """What a file would have made of the postbacks of one source. `not_tried` are changed settings that were not tried.

    Without a table nothing was tried.
    """

    source: str
    not_tried: tuple[str, ...]
    selection: Selection | None = None
    table: Table | None = None


def what_if(context: typer.Context, since: str, source: str | None, changes: Sequence[Change]) -> list[Tried]:
    """Try the changed sources of a file, or one of them, on the postbacks since a time."""
    changed = _list_changed(changes, source)
    now = datetime.now(UTC)
    begin = read_past("--what-if", since, now, read_zone(None))
    return [
        _try(context, Selection(begin, now + timedelta(days=1), slug), settings, keys)
        for slug, (settings, keys) in changed.items()
    ]


def report(tried: Sequence[Tried]) -> None:
    """Print what was tried, for people."""
    for one in tried:
        if one.table is not None and one.selection is not None:
            print_tried(one.table, one.selection)
        if one.not_tried:
            print(f"{one.source}: cannot be tried on stored postbacks: {', '.join(one.not_tried)}")
    if not tried:
        print("No settings of a source are changed, so there is nothing to try.")


def list_facts(tried: Sequence[Tried]) -> list[dict[str, object]]:
    """Write what was tried, for programs."""
    return [{"source": one.source, "not_tried": list(one.not_tried), **_facts_of(one)} for one in tried]


def _facts_of(one: Tried) -> dict[str, object]:
    return {} if one.table is None or one.selection is None else tried_facts(one.table, one.selection)


def _list_changed(changes: Sequence[Change], source: str | None) -> Mapping[str, tuple[Settings, tuple[str, ...]]]:
    changed = {
        change.name: (change.target.settings, tuple(change.keys))
        for change in changes
        if isinstance(change.target, SourceConfig) and change.action is Action.CHANGE
    }
    if source is None:
        return changed
    if source not in changed:
        raise CommandFailed(f"the file does not change the source {source}, so there is nothing to try")
    return {source: changed[source]}


def _keep_untried(settings: Settings, in_force: Settings) -> Settings:
    """Keep what cannot be tried as it is in force, so that it does not decide either."""
    return replace(settings, **{name: getattr(in_force, name) for name in NOT_TRIED & set(Settings.__struct_fields__)})


def _try(context: typer.Context, selection: Selection, settings: Settings, keys: tuple[str, ...]) -> Tried:
    slug = str(selection.source)
    not_tried = tuple(key for key in keys if key in NOT_TRIED)
    if len(not_tried) == len(keys):
        return Tried(slug, not_tried)
    with ExitStack() as stack:
        today, then = (
            stack.enter_context(open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS)) for _ in range(2)
        )
        check_selection(today, selection)
        selection = bound(today, selection)
        policy, past = load_policy(today, open_keyring(context)), PastSettings(today)
        if slug not in policy.sources:
            raise CommandFailed(f"the source {slug} cannot be used as it is stored; run: postledger doctor")
        other = try_settings(policy, {slug: _keep_untried(settings, policy.sources[slug].settings)})
        follow = stack.enter_context(say_how_far("judged"))
        on_progress = follow(stack.enter_context(show_progress("judging")))
        sides = Side(today, Judge(policy, past), selection.since), Side(then, Judge(other, past), selection.since)
        return Tried(slug, not_tried, selection, try_rules(selection, *sides, on_progress))
