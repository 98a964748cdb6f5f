"""The silent contestant of the benchmark replaces parts of the backend by their names."""

import inspect

from loadtests.bench.silent import Unmeasured, Unobserved
from postledger.bootstrap import backend


def test_the_backend_has_the_parts_that_the_silent_contestant_replaces() -> None:
    source = inspect.getsource(backend)

    assert "Metrics(CollectorRegistry())" in source
    assert "RequestObserver(" in source


def test_the_replacements_take_every_call_and_do_nothing() -> None:
    metrics, observer = Unmeasured(None), Unobserved(None, None, None)

    metrics.count_postback("acme", None, None, None)
    metrics.note_days([], retention_days=90)
    observer.process_response(None, None, None, True)
