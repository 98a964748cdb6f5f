"""The settings of one of `[[exports]]`: which kind of target it is, and where it is. Its secrets are not part of it."""

from typing import Literal

import msgspec

Kind = Literal["csv", "json", "beancount", "webhook", "tryton"]
KINDS: tuple[Kind, ...] = ("csv", "json", "beancount", "webhook", "tryton")
TIMEOUT_S = 10


class ExportSettings(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target as configured. `path` belongs to targets that write files, `url` to those that send requests.

    `database`, `payable_account` and `journal` belong to Tryton. The accounts are codes of its chart.
    """

    slug: str
    kind: Kind
    path: str | None = None
    url: str = ""
    database: str = ""
    payable_account: str = ""
    journal: str = ""
    timeout_s: int = TIMEOUT_S
    allow_private: bool = False
