"""When networks repeat a postback: the rules of `senders.toml`."""

import tomllib
from pathlib import Path
from typing import Literal

import msgspec

from loadtests.acks import Ack


class Rule(msgspec.Struct, frozen=True):
    """When a network repeats, and after which pauses in seconds."""

    on: Literal["5xx", "not-200", "timeout"]
    pauses_s: list[float]
    timeout_s: float
    source: str = msgspec.field(name="from")
    retry_after: bool = False

    def repeats(self, ack: Ack) -> bool:
        """Whether an answer makes the network repeat."""
        if self.on == "timeout":
            return ack.reason == "timeout"
        return ack.is_unknown if self.on == "5xx" else ack.http != 200

    def survives(self, outage_s: float) -> bool:
        """Whether it still repeats when an outage of so many seconds, in the network's own time, is over."""
        return self.on != "timeout" and sum(self.pauses_s) > outage_s


def read_rules() -> dict[str, Rule]:
    """Read the rules of all networks."""
    document = tomllib.loads(Path(__file__).with_name("senders.toml").read_text())
    return msgspec.convert(document, dict[str, Rule])
