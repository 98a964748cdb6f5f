"""What `doctor` asks of the edge's policy: for how long nobody has confirmed the one that is in force.

Apart from the listeners, because the answer is a number inside a page, and means something else than "not well".
"""

import math
import re
from collections.abc import Mapping

import httpx

from postledger.doctor.check_result import Finding

TIMEOUT_S = 5.0
MOST_AGE_S = 10.0  # it is asked for every second; `apply` promises three
_NAME = "edge policy"
_AGE = re.compile(r"^postledger_edge_policy_age_seconds (\S+)$", re.MULTILINE)


def examine_policy_age(environment: Mapping[str, str]) -> Finding:
    """Ask the edge's own metrics on the ops listener, and judge the age that they tell."""
    base = environment.get("POSTLEDGER_OPS_URL")
    if not base:
        return Finding(_NAME, False, "POSTLEDGER_OPS_URL is not set", "set POSTLEDGER_OPS_URL, or run: make up")
    url = f"{base.rstrip('/')}/metrics"
    try:
        page = httpx.get(url, timeout=TIMEOUT_S, trust_env=False).text
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(_NAME, False, f"{url} does not answer ({type(error).__name__})", "is it up? run: make up")
    found = _AGE.search(page)
    if found is None:
        return Finding(_NAME, False, f"{url} tells no age of it", "is it the ops listener of the edge?")
    return judge_age(float(found[1]))


def judge_age(age_s: float) -> Finding:
    """Judge how long ago the backend said that the policy in force is its own; infinite is no policy at all."""
    if math.isinf(age_s):
        return Finding(_NAME, False, "there is none, and every postback is refused", "look at the backend's log")
    seen = f"confirmed {age_s:.0f} s ago"
    return Finding(_NAME, age_s <= MOST_AGE_S, seen, "changes do not reach the edge: grep policy: var/log/edge.log")
