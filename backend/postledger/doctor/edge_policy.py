"""Checks the age of the edge's policy: how long ago the backend confirmed it."""

import math
import re
from collections.abc import Mapping

import httpx

from postledger.doctor.check_result import CheckResult

TIMEOUT_S = 5.0
MOST_AGE_S = 10.0  # the edge asks every second, and `apply` promises three
_NAME = "edge policy"
_AGE = re.compile(r"^postledger_edge_policy_age_seconds (\S+)$", re.MULTILINE)


def check_policy_age(environment: Mapping[str, str]) -> CheckResult:
    """Read the age from the edge's metrics on the ops listener, and judge it."""
    base = environment.get("POSTLEDGER_OPS_URL")
    if not base:
        return CheckResult(_NAME, False, "POSTLEDGER_OPS_URL is not set", "set POSTLEDGER_OPS_URL, or run: make up")
    url = f"{base.rstrip('/')}/metrics"
    try:
        page = httpx.get(url, timeout=TIMEOUT_S, trust_env=False).text
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return CheckResult(_NAME, False, f"{url} does not answer ({type(error).__name__})", "is it up? run: make up")
    found = _AGE.search(page)
    if found is None:
        return CheckResult(_NAME, False, f"{url} has no policy age", "is it the ops listener of the edge?")
    return judge_age(float(found[1]))


def judge_age(age_s: float) -> CheckResult:
    """Decide whether the last confirmation is too old. An infinite age means that the edge has no policy."""
    if math.isinf(age_s):
        found, advice = "the edge has none and refuses every postback", "look at the backend's log"
        return CheckResult(_NAME, False, found, advice)
    found = f"confirmed {age_s:.0f} s ago"
    advice = "changes do not reach the edge; look for policy in var/log/edge.log"
    return CheckResult(_NAME, age_s <= MOST_AGE_S, found, advice)
