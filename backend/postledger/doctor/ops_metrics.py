"""Checks a number from the metrics on the ops listener: the age of the edge's policy, and the failing writers."""

import math
import re
from collections.abc import Callable, Mapping

import httpx

from postledger.doctor.check_result import CheckResult
from postledger.vocabulary.wording import count

TIMEOUT_S = 5.0
MOST_AGE_S = 10.0  # the edge asks every second, and `apply` promises three


def check_policy_age(environment: Mapping[str, str]) -> CheckResult:
    """Check how long ago the backend confirmed the policy of the edge."""
    return _check(environment, "edge policy", "/metrics", "postledger_edge_policy_age_seconds", judge_age)


def check_writers(environment: Mapping[str, str]) -> CheckResult:
    """Check that every backend worker can commit. `/healthz` asks only one of them.

    A locked table or a full disk stops commits while Postgres answers.
    """
    return _check(environment, "writers", "/metrics/backend", "postledger_writers_failing", judge_failing)


def judge_age(age_s: float) -> CheckResult:
    """Decide whether the last confirmation is too old. An infinite age means that the edge has no policy."""
    name = "edge policy"
    if math.isinf(age_s):
        return CheckResult(name, False, "the edge has none and refuses every postback", "look at the backend's log")
    advice = "changes do not reach the edge; look for policy in var/log/edge.log"
    return CheckResult(name, age_s <= MOST_AGE_S, f"confirmed {age_s:.0f} s ago", advice)


def judge_failing(workers: float) -> CheckResult:
    """Decide by the number of workers whose last write failed."""
    advice = "postbacks are answered 503; look for the cause in var/log/backend.log: nothing can be committed"
    found = f"the last commit of {count(int(workers), 'worker')} failed" if workers else "can commit"
    return CheckResult("writers", not workers, found, advice)


def _check(
    environment: Mapping[str, str], name: str, path: str, metric: str, judge: Callable[[float], CheckResult]
) -> CheckResult:
    base = environment.get("POSTLEDGER_OPS_URL")
    if not base:
        return CheckResult(name, False, "POSTLEDGER_OPS_URL is not set", "set POSTLEDGER_OPS_URL, or run: make up")
    url = f"{base.rstrip('/')}{path}"
    try:
        page = httpx.get(url, timeout=TIMEOUT_S, trust_env=False).text
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return CheckResult(name, False, f"{url} does not answer ({type(error).__name__})", "is it up? run: make up")
    found = re.search(rf"^{metric} (\S+)$", page, re.MULTILINE)
    if found is None:
        return CheckResult(name, False, f"{url} does not contain {metric}", "look at the logs of edge and backend")
    return judge(float(found[1]))
