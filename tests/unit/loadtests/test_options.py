"""What `make loadtest` accepts, and that it talks to this machine alone."""

from pathlib import Path

import pytest

from loadtests.client import NotLoopback, check_loopback
from loadtests.options import read_options


def test_the_scenario_may_be_a_word_or_a_variable() -> None:
    assert read_options({}, []).scenario == "steady"
    assert read_options({"SCENARIO": "retry-storm"}, []).scenario == "retry_storm"
    assert read_options({"SCENARIO": "steady"}, ["spike"]).scenario == "spike"


def test_all_options_are_read() -> None:
    options = read_options(
        {"RATE": "50", "SENDERS": "10", "DURATION": "30s", "SEED": "0", "PROCESSES": "2", "SHORT": "1"}, []
    )
    assert (options.rate, options.senders, options.duration_s, options.seed) == (50.0, 10, 30.0, 0)
    assert (options.processes, options.is_short, options.keep) == (2, True, False)


@pytest.mark.parametrize("name", ["RATE", "SENDERS", "DURATION", "PROCESSES"])
@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_bad_number_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        read_options({name: value}, [])


def test_a_missing_file_to_compare_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="COMPARE"):
        read_options({"COMPARE": str(tmp_path / "none")}, [])


def test_a_stack_without_a_file_that_it_needs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runtime.env").touch()
    (tmp_path / "load-clicks").touch()

    with pytest.raises(ValueError, match=r"STACK is .*, which has no file load-token"):
        read_options({"STACK": str(tmp_path)}, [])


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1:1", "https://127.3.2.1", "https://localhost:8443", "https://[::1]:1"]
)
def test_a_loopback_target_is_accepted(url: str) -> None:
    check_loopback(url)
    assert read_options({"LOCUST_HOST": url}, []).scenario == "steady"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://127.0.0.1.example.org",
        "https://8.8.8.8",
        "https://localhost.example",
        "",
        "127.0.0.1",
    ],
)
def test_any_other_target_is_refused_before_a_socket_is_opened(url: str) -> None:
    with pytest.raises(NotLoopback):
        check_loopback(url)


def test_what_listens_listens_on_loopback() -> None:
    words = read_options({"WEB": "1", "PROCESSES": "2"}, []).locust_words("honest")
    assert words[words.index("--web-host") + 1] == words[words.index("--master-bind-host") + 1] == "127.0.0.1"
    assert "--headless" in read_options({"WEB": "1"}, []).locust_words("attackers")
