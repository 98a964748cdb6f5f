"""What an error of the driver means: judged by its SQLSTATE, and not by its class."""

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout

from postledger.platform.postgres.errors import Cause, DatabaseFailed, translate, translated_errors


@pytest.mark.parametrize(
    ("sqlstate", "cause"),
    [
        ("08006", Cause.CONNECTION),
        ("57P01", Cause.CONNECTION),
        ("57P02", Cause.CONNECTION),
        ("57P03", Cause.CONNECTION),
        ("25006", Cause.CONNECTION),
        ("40001", Cause.DEADLOCK),
        ("40P01", Cause.DEADLOCK),
        ("55P03", Cause.LOCK),
        ("57014", Cause.TIMEOUT),
        ("53100", Cause.RESOURCES),
        ("53200", Cause.RESOURCES),
        ("58030", Cause.RESOURCES),
        ("42P01", Cause.REFUSED),
        ("42501", Cause.REFUSED),
        ("25P02", Cause.REFUSED),
        ("21000", Cause.ROW),
        ("22003", Cause.ROW),
        ("23514", Cause.ROW),
        ("54000", Cause.ROW),
        ("XX000", Cause.ROW),
    ],
)
def test_a_sqlstate_has_its_cause(sqlstate: str, cause: Cause) -> None:
    failed = translate(errors.lookup(sqlstate)("345.67"))

    assert (failed.cause, failed.sqlstate) == (cause, sqlstate)
    assert "345.67" not in str(failed)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (psycopg.OperationalError("connection refused"), Cause.CONNECTION),
        (psycopg.InterfaceError("the connection is closed"), Cause.CONNECTION),
        (PoolTimeout("no connection"), Cause.CONNECTION),
        (psycopg.DataError("NUL in text"), Cause.ROW),
        (psycopg.ProgrammingError("cannot adapt"), Cause.ROW),
    ],
)
def test_an_error_of_the_driver_itself_has_a_cause(error: psycopg.Error, cause: Cause) -> None:
    assert translate(error).cause is cause


def test_only_what_may_succeed_at_once_is_transient() -> None:
    transient = {cause for cause in Cause if DatabaseFailed(cause).is_transient}

    assert transient == {Cause.CONNECTION, Cause.DEADLOCK}


def test_an_exception_of_another_kind_passes_unchanged() -> None:
    with pytest.raises(KeyError), translated_errors():
        raise KeyError


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (errors.UndefinedTable("345.67"), "a table of the ledger is missing; run: postledger migrate"),
        (errors.QueryCanceled("345.67"), "Postgres did not finish in time; ask for less, or try again"),
        (psycopg.OperationalError("connection to 345.67 refused"), "nothing listens at DATABASE_URL; start Postgres"),
        (psycopg.OperationalError("345.67"), "Postgres does not answer"),
        (errors.NumericValueOutOfRange("345.67"), "Postgres reports NumericValueOutOfRange (22003)"),
    ],
)
def test_an_operator_gets_advice_that_quotes_nothing(error: psycopg.Error, advice: str) -> None:
    given = translate(error).advice

    assert given.startswith(advice)
    assert "345.67" not in given
