"""What the generator must know of its run. `loadtests/__main__.py` writes it, Locust's processes read it."""

import os
from pathlib import Path

import msgspec

LAST_ANSWERS_S = 20.0
LONGEST_PAUSE_S = 5_000  # of senders.toml, before it has outlasted the outage
VARIABLE = "LOADTEST_RUN"


class RunSettings(msgspec.Struct, frozen=True):
    """One run of one scenario. `rate` is in requests per second of one sender; `secrets` are by source."""

    scenario: str
    edge_url: str
    ca_file: Path
    folder: Path
    clicks_file: Path
    secrets: dict[str, str]
    senders: int
    rate: float
    duration_s: float
    seed: int
    is_short: bool
    time_scale: float = 1.0
    partner_token: str = ""
    part: str = "honest"

    @property
    def last_answers_s(self) -> float:
        """How long senders are waited for that still have an answer, or a repeat, to come."""
        return LAST_ANSWERS_S + LONGEST_PAUSE_S * self.time_scale

    def write(self, path: Path) -> Path:
        """Write the settings to a file that only its owner can read; its name goes into the environment."""
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(self, enc_hook=str))
        return path


def read_run_settings() -> RunSettings:
    """Read the settings of this process' run."""
    return msgspec.json.decode(
        Path(os.environ[VARIABLE]).read_bytes(), type=RunSettings, dec_hook=lambda kind, value: kind(value)
    )
