"""Names are looked up beside each other, and equal ones together."""

from collections.abc import Sequence
from typing import Any

import gevent
import pytest

from postledger.outgoing import resolve
from postledger.outgoing.resolve import SystemResolver


def test_a_name_has_its_addresses() -> None:
    resolver = SystemResolver()

    assert set(resolver("localhost", 80)) & {"127.0.0.1", "::1"}

    resolver.close()


def test_requests_at_once_share_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up: list[str] = []

    def look_up(host: str, *_: Any) -> Sequence[Any]:
        looked_up.append(host)
        return [(2, 1, 6, "", ("192.0.2.1", 80))]

    monkeypatch.setattr(resolve, "_look_up", look_up)
    resolver = SystemResolver()
    waiting = [gevent.spawn(resolver, "track.example", 80) for _ in range(5)]

    assert [one.get() for one in waiting] == [["192.0.2.1"]] * 5
    assert looked_up == ["track.example"]

    assert resolver("track.example", 80) == ["192.0.2.1"]
    assert len(looked_up) == 2
    resolver.close()


@pytest.mark.parametrize("host", ["missing.invalid", "x..example"])
def test_a_failed_look_up_is_no_death_of_a_greenlet(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deaths: list[object] = []
    monkeypatch.setattr(gevent.get_hub(), "handle_error", lambda *death: deaths.append(death))
    resolver = SystemResolver()
    waiting = [gevent.spawn(resolver, host, 80) for _ in range(2)]

    assert [one.get() for one in waiting] == [(), ()]
    assert deaths == []
    resolver.close()
