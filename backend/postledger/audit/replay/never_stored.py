"""How many postbacks of a selection left no row, so that no replay can judge them. Prometheus has counted them.

The edge refuses some by itself. Others are refused without a matching secret, and are more than the audit takes.
"""

import math
from collections.abc import Mapping

import httpx
import msgspec

from postledger.audit.replay.selection import Selection
from postledger.platform.settings import read_monitoring_password
from postledger.vocabulary.selftest import SELFTEST
from postledger.vocabulary.statuses import Verdict

UNRECORDED = "beyond the sampling"
_TIMEOUT_S = 3.0
_BY_EDGE = "sum by (reason) (increase(postledger_edge_refusals_total{{{labels}}}[{seconds}s]))"
_UNRECORDED = "sum(increase(postledger_refusals_unrecorded_total{{{labels}}}[{seconds}s]))"


class _Series(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Found(msgspec.Struct):
    result: list[_Series]


class _Answer(msgspec.Struct):
    data: _Found


def is_countable(selection: Selection) -> bool:
    """Whether what was never stored could belong to a selection: it was refused, and no id of it is known."""
    is_refused = selection.verdict in (None, Verdict.REFUSED)
    return is_refused and selection.transaction is None and selection.receipts is None


def count_never_stored(environment: Mapping[str, str], selection: Selection) -> dict[str, int] | None:
    """Count what left no row, by reason. Prometheus extrapolates, so the numbers are about right.

    None if Prometheus is not known, or does not answer.
    """
    base = environment.get("PROMETHEUS_URL")
    if not base:
        return None
    try:
        with httpx.Client(
            base_url=base, auth=read_monitoring_password(environment), trust_env=False, timeout=_TIMEOUT_S
        ) as client:
            found = _ask(client, _BY_EDGE, selection, selection.reason)
            others = [] if selection.reason else _ask(client, _UNRECORDED, selection, None)
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError):
        return None
    counts = {series.metric["reason"]: round(float(series.value[1])) for series in found}
    counts[UNRECORDED] = sum(round(float(series.value[1])) for series in others)
    return {reason: number for reason, number in counts.items() if number}


def _ask(client: httpx.Client, query: str, selection: Selection, reason: str | None) -> list[_Series]:
    source = f'source="{selection.source}"' if selection.source else f'source!="{SELFTEST}"'
    labels = source if reason is None else f'{source},reason="{reason}"'
    seconds = math.ceil((selection.until - selection.since).total_seconds())
    text = query.format(labels=labels, seconds=seconds)
    response = client.get("/api/v1/query", params={"query": text, "time": selection.until.timestamp()})
    return msgspec.json.decode(response.raise_for_status().content, type=_Answer).data.result
