"""How the files of a network are read, and how far they may differ from the ledger: one of `[[report_formats]]`."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Literal

import msgspec

from postledger.vocabulary.statuses import Status

COLUMNS = ("amount", "currency", "status", "time", "transaction_id", "click_id", "event", "fee")
"""What a column can mean. Each format needs `amount`, and `transaction_id` or `click_id`."""
ReportKind = Literal["csv", "xlsx", "json"]


class Tolerance(msgspec.Struct, frozen=True):
    """How far an amount may differ: the larger of an absolute amount, and a share of the ledger's amount in percent."""

    absolute: Decimal = Decimal("0.01")
    percent: Decimal = Decimal(0)


class ReportFormat(msgspec.Struct, frozen=True):
    """The format of a network's reports.

    `columns`: the header of each meaning, of JSON the path of the key. `rows`: the path of the array in a JSON object;
    without it the file is an array, or has an object on each line. `time_formats`: as strptime has them, or `unix` for
    seconds; without any, times are ISO 8601. `statuses`: the network's words for each status, in any case; without a
    status column each line has the status `status`. `negate`: the report shows what an advertiser pays as negative.
    """

    slug: str
    source: str
    kind: ReportKind
    columns: Mapping[str, str]
    delimiter: str = ","
    encoding: str = "utf-8"
    skip_rows: int = 0
    rows: str | None = None
    timezone: str = "UTC"
    decimal: Literal[".", ","] = "."
    time_formats: tuple[str, ...] = ()
    statuses: Mapping[Status, tuple[str, ...]] = {}
    status: Status = Status.APPROVED
    currency: str | None = None
    event: str | None = None
    events: Mapping[str, tuple[str, ...]] = {}
    negate: bool = False
    window: timedelta = timedelta(hours=48)
    tolerance: Tolerance = Tolerance()
    expected_by_day: int | None = None
