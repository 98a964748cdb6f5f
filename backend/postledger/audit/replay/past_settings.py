"""Knows the settings that a source had when a postback was judged, from the history of the policy."""

from bisect import bisect_right
from collections import defaultdict
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.replay.selection import StoredRow
from postledger.platform.postgres.sql import statements_of
from postledger.policy.source import Settings, Source, find_profile
from postledger.policy.store import read_stored_settings
from postledger.signatures.profile_schema import Profile
from postledger.signatures.signed_fields import NOTHING, Coverage, find_coverage

sql = statements_of("postledger.audit.replay")


class PastSettings:
    """The settings of each source by the version of the policy from which they were in force."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._versions: defaultdict[str, list[int]] = defaultdict(list)
        self._settings: defaultdict[str, list[Settings | None]] = defaultdict(list)
        self._coverages: dict[object, Coverage] = {}
        for slug, version, document in connection.execute(sql("read_past_settings")).fetchall():
            self._versions[slug].append(version)
            self._settings[slug].append(read_stored_settings(document))

    def counted_every(self, row: StoredRow) -> bool:
        """Tell whether each request of some event was a conversion when a row was judged. False if it is not known."""
        settings = self._find(row)
        if settings is None:
            return False
        return "every" in (settings.duplicates, *(event.duplicates for event in settings.events.values()))

    def find_coverage(self, row: StoredRow, source: Source, method: str) -> Coverage:
        """Find what the signature of a row covered. Nothing if that is not known."""
        if row.secret_id is None:
            return NOTHING
        key = (row.source, row.policy_version, row.scheme, method)
        if key not in self._coverages:
            self._coverages[key] = self._find_coverage(row, source, method)
        return self._coverages[key]

    def _find_coverage(self, row: StoredRow, source: Source, method: str) -> Coverage:
        settings = self._find(row)
        profile = source.profile if settings is None else _read_profile(settings)
        schemes = () if profile is None else profile.schemes
        if row.policy_version is None:  # a row of an earlier release does not say which one it was
            found = {find_coverage(scheme, method) for scheme in schemes if method in scheme.methods}
            return found.pop() if len(found) == 1 else NOTHING
        number = row.scheme or 0
        if number >= len(schemes) or method not in schemes[number].methods:
            return NOTHING
        return find_coverage(schemes[number], method)

    def find(self, slug: str, version: int) -> Settings | None:
        """Find the settings of a source at a version of the policy. None if they are not known, or not readable."""
        at = bisect_right(self._versions[slug], version)
        return self._settings[slug][at - 1] if at else None

    def _find(self, row: StoredRow) -> Settings | None:
        return None if row.source is None or row.policy_version is None else self.find(row.source, row.policy_version)


def _read_profile(settings: Settings) -> Profile | None:
    try:
        return find_profile(settings)
    except (ValueError, msgspec.ValidationError):
        return None
