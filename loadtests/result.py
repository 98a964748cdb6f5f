"""A finished load test: what was asked for, what happened, and the verdict."""

import msgspec

from loadtests.history import Run
from loadtests.judge import Judgement
from loadtests.options import Options
from loadtests.run_settings import RunSettings
from loadtests.verify import Verification


class Result(msgspec.Struct, frozen=True):
    """Everything that a report is made of."""

    options: Options
    settings: RunSettings
    run: Run
    verification: Verification
    judgement: Judgement
