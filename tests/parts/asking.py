"""What Prometheus answers to a query, for the tests that start one.

Apart from those because each starts it in its own way, and all of them ask alike.
"""

import httpx

from tests.parts.credentials import CREDENTIALS
from tests.parts.part import ANSWER_WITHIN_S, WITHOUT_TLS


def ask_prometheus(url: str, expression: str) -> float | None:
    """The value of an expression's first series; None when there is none, or Prometheus starts still."""
    try:
        answer = httpx.get(
            f"{url}/api/v1/query",
            params={"query": expression},
            auth=CREDENTIALS,
            timeout=ANSWER_WITHIN_S,
            verify=WITHOUT_TLS,
        )
    except httpx.TransportError:
        return None
    found = answer.json()["data"]["result"] if answer.status_code == 200 else []
    return float(found[0]["value"][1]) if found else None
