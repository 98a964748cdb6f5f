"""What `make loadtest` was asked for: environment variables, and a loopback check of everything that names a host."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from loadtests.client import check_loopback

WEB_PORT = 8089


class Options(msgspec.Struct, frozen=True):
    """The options of one run; None means the scenario's own value. `stack` is the folder of a stack that runs."""

    scenario: str = "steady"
    is_short: bool = False
    keep: bool = False
    stop: bool = False
    web: bool = False
    web_port: int = WEB_PORT
    processes: int = 1
    rate: float | None = None
    senders: int | None = None
    duration_s: float | None = None
    seed: int | None = None
    compare: Path | None = None
    stack: Path | None = None

    @property
    def web_url(self) -> str:
        """Where Locust's own page is, with `WEB=1`."""
        return f"http://127.0.0.1:{self.web_port}"

    def locust_words(self, part: str) -> list[str]:
        """The part of Locust's command line that depends on the options. All that listens does so on loopback."""
        words = ["--processes", str(self.processes), "--master-bind-host", "127.0.0.1"] if self.processes > 1 else []
        if self.web and part == "honest":
            port = str(self.web_port)
            return [*words, "--web-host", "127.0.0.1", "--web-port", port, "--autostart", "--autoquit", "1"]
        return [*words, "--headless", "--only-summary"]


def read_options(environment: Mapping[str, str], words: Sequence[str]) -> Options:
    """Read the options. Raises `ValueError` with a sentence for the user, or `NotLoopback`."""
    if environment.get("LOCUST_HOST"):
        check_loopback(environment["LOCUST_HOST"])
    scenario = words[0] if words else environment.get("SCENARIO") or "steady"
    return Options(
        scenario=scenario.replace("-", "_"),
        is_short=_is_set(environment, "SHORT"),
        keep=_is_set(environment, "KEEP"),
        stop=_is_set(environment, "STOP"),
        web=_is_set(environment, "WEB"),
        web_port=_whole(environment, "WEB_PORT") or WEB_PORT,
        processes=_whole(environment, "PROCESSES") or 1,
        rate=_number(environment, "RATE"),
        senders=_whole(environment, "SENDERS"),
        duration_s=_number(environment, "DURATION"),
        seed=_whole(environment, "SEED", least=0),
        compare=_file(environment, "COMPARE"),
        stack=_folder(environment, "STACK"),
    )


def _is_set(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "") not in ("", "0")


def _number(environment: Mapping[str, str], name: str, least: float = 0.001) -> float | None:
    if not (text := environment.get(name)):
        return None
    try:
        value = float(text.removesuffix("s"))
    except ValueError:
        value = -1.0
    if value < least:
        raise ValueError(f'{name} is "{text}"; it must be a positive number')
    return value


def _whole(environment: Mapping[str, str], name: str, least: float = 1) -> int | None:
    value = _number(environment, name, least)
    return None if value is None else int(value)


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    if not environment.get(name):
        return None
    path = Path(environment[name]).resolve()
    if not path.is_file():
        raise ValueError(f"{name} is {path}, which is no file")
    return path


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    if not environment.get(name):
        return None
    path = Path(environment[name]).resolve()
    for needed in ("runtime.env", "load-clicks", "load-token"):
        if not (path / needed).is_file():
            raise ValueError(f"{name} is {path}, which has no file {needed}; docs/load-testing.md says how to make it")
    return path
