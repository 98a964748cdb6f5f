"""Checks that every backend worker can commit: a locked table or a full disk stops commits while Postgres answers."""

import re
from collections.abc import Mapping

import httpx

from postledger.doctor.check_result import CheckResult
from postledger.vocabulary.wording import count

TIMEOUT_S = 5.0
_NAME = "writers"
_FAILING = re.compile(r"^postledger_writers_failing (\S+)$", re.MULTILINE)


def check_writers(environment: Mapping[str, str]) -> CheckResult:
    """Read from the backend's metrics how many workers cannot commit. `/healthz` asks only one of them."""
    base = environment.get("POSTLEDGER_OPS_URL")
    if not base:
        return CheckResult(_NAME, False, "POSTLEDGER_OPS_URL is not set", "set POSTLEDGER_OPS_URL, or run: make up")
    url = f"{base.rstrip('/')}/metrics/backend"
    try:
        page = httpx.get(url, timeout=TIMEOUT_S, trust_env=False).text
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return CheckResult(_NAME, False, f"{url} does not answer ({type(error).__name__})", "is it up? run: make up")
    found = _FAILING.search(page)
    if found is None:
        return CheckResult(_NAME, False, f"{url} does not report them", "look at the log of the backend")
    return judge_failing(int(float(found[1])))


def judge_failing(workers: int) -> CheckResult:
    """Decide by the number of workers whose last write failed."""
    advice = "postbacks are answered 503; look for the cause in var/log/backend.log: nothing can be committed"
    found = f"the last commit of {count(workers, 'worker')} failed" if workers else "can commit"
    return CheckResult(_NAME, not workers, found, advice)
