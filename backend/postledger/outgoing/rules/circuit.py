"""The circuit of a forward: it opens after many failures in a row, probes once a minute, and switches off in the end.

- `closed`: everything is sent. After 20 failures in a row it opens.
- `open`: nothing is sent for a minute, then one probe, and the circuit is `half_open` until the probe is settled.
- A delivery closes it. A failure opens it again, or switches it off if it has failed for `switch_off_after`.
- `off`: nothing is sent until an operator resumes it.
"""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

State = Literal["closed", "open", "half_open", "off"]
OPENS_AFTER = 20
PROBE_EVERY = timedelta(minutes=1)


class Circuit(msgspec.Struct, frozen=True):
    """The state of a circuit. `failures` are in a row, since `failing_since`; nothing is sent before `until`."""

    state: State = "closed"
    failures: int = 0
    failing_since: datetime | None = None
    until: datetime | None = None


CLOSED = Circuit()


def count_allowed(circuit: Circuit, now: datetime) -> int | None:
    """Count the deliveries that may be leased now: none, one as a probe, or as many as the forward allows (None)."""
    if circuit.state == "closed":
        return None
    return 0 if circuit.state == "off" or (circuit.until is not None and now < circuit.until) else 1


def start_probe(circuit: Circuit, now: datetime) -> Circuit:
    """Note that a probe is sent. If it is never settled, the next one follows a minute later."""
    return replace(circuit, state="half_open", until=now + PROBE_EVERY)


def after_success(circuit: Circuit) -> Circuit:
    """Return the circuit after a delivery. One that is off stays off, until an operator resumes it."""
    return circuit if circuit.state == "off" else CLOSED


def after_failure(circuit: Circuit, now: datetime, switch_off_after: timedelta) -> Circuit:
    """Return the circuit after an attempt that delivered nothing."""
    if circuit.state == "off":
        return circuit
    since = circuit.failing_since or now
    failed = replace(circuit, failures=circuit.failures + 1, failing_since=since)
    if failed.failures < OPENS_AFTER and failed.state == "closed":
        return failed
    if now - since >= switch_off_after:
        return replace(failed, state="off", until=None)
    return replace(failed, state="open", until=now + PROBE_EVERY)
