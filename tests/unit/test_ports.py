"""Ports for tests: workers that run side by side never get the same one."""

from tests.parts.ports import take_share


def test_workers_share_no_port() -> None:
    ports = list(range(20_000, 20_010))

    shares = [
        take_share(ports, {"PYTEST_XDIST_WORKER": f"gw{number}", "PYTEST_XDIST_WORKER_COUNT": "3"})
        for number in range(3)
    ]

    assert sorted(port for share in shares for port in share) == ports


def test_a_single_process_may_use_all_ports() -> None:
    assert take_share([20_000, 20_001], {}) == [20_000, 20_001]
