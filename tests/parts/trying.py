"""Tries other settings on the postbacks of a ledger, without the command line."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from postledger.audit.replay.judge import Judge
from postledger.audit.replay.other_policy import try_settings
from postledger.audit.replay.past_settings import PastSettings
from postledger.audit.replay.selection import Selection, bound
from postledger.audit.replay.table import Table
from postledger.audit.what_if.what_if import Side, try_rules
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.policy.policy import Policy
from postledger.policy.read import load_policy

_TIMEOUT_MS = 120_000


def read_policy(url: str, master_key: str) -> Policy:
    """Read the policy in force."""
    with connect(url, name="test", statement_timeout_ms=_TIMEOUT_MS) as ledger:
        return load_policy(ledger, Keyring([master_key]))


def try_other_click(url: str, policy: Policy, slug: str) -> Table:
    """Try the other value of `other_click`, so that each postback of a source must be folded by both rules."""
    settings = policy.sources[slug].settings
    turned = replace(settings, other_click="conflict" if settings.other_click == "ignore" else "ignore")
    now = datetime.now(UTC)
    with (
        connect(url, name="test", statement_timeout_ms=_TIMEOUT_MS) as today,
        connect(url, name="test", statement_timeout_ms=_TIMEOUT_MS) as then,
    ):
        selection = bound(today, Selection(now - timedelta(days=1), now + timedelta(days=1), slug))
        past = PastSettings(today)
        sides = (
            Side(today, Judge(policy, past), selection.since),
            Side(then, Judge(try_settings(policy, {slug: turned}), past), selection.since),
        )
        return try_rules(selection, *sides, lambda *_: None)
