"""Describes sources to operators: their configuration and their state, without secrets and certificates."""

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.policy.authorities import describe_authorities
from postledger.policy.config_export import write_source
from postledger.policy.config_file import SourceConfig
from postledger.policy.source import Settings, find_profile
from postledger.policy.store import read_stored_settings
from postledger.signatures.signed_fields import describe_coverage
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.policy")

Row = dict[str, Any]


def list_sources(connection: Connection[Any], *, retired: bool) -> list[Row]:
    """Describe the sources in force, and the retired ones if asked for."""
    return [_describe(row) for row in _fetch(connection, None, retired=retired)]


def find_source(connection: Connection[Any], slug: str) -> Row:
    """Describe one source, even if it is retired. Raises `NotFound`."""
    rows = _fetch(connection, slug, retired=True)
    if not rows:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")
    return _describe(rows[0])


def _fetch(connection: Connection[Any], slug: str | None, *, retired: bool) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_sources"), {"slug": slug, "retired": retired}).fetchall()


def _describe(row: Row) -> Row:
    settings = read_stored_settings(row["settings"])
    source = SourceConfig(row["slug"], row["name"], settings or Settings())
    state = "in force" if row["removed_at"] is None else "retired"
    if settings is None:
        state = "cannot be read: apply it again"
    authorities = source.settings.client_ca
    certificates = {"client_ca": describe_authorities(authorities)} if authorities else {}
    signed = {} if settings is None else {"signed": _describe_signed(settings)}
    rest = {name: row[name] for name in ("secrets", "tokens", "created_at", "updated_at", "removed_at")}
    return {**write_source(source), **certificates, **signed, "state": state, **rest}


def _describe_signed(settings: Settings) -> str:
    if settings.auth == "none":
        return "nothing"
    try:
        return describe_coverage(find_profile(settings))
    except ValueError:  # the profile was stored by another release
        return "unknown: this release cannot read the profile"
