"""Starts and stops the echoing backend (`echo_app`), as often as a test wants to see the edge without one.

Apart from the program itself, because gunicorn imports that one into processes of its own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.parts.edge import ROOT, wait_until
from tests.parts.part import ANSWER_WITHIN_S, END_WITHIN_S

# Threads, because a test may leave one of its requests hanging; no control socket, because that has one fixed name.
OPTIONS = (
    *("--keep-alive", "75"),
    *("--worker-class", "gthread", "--threads", "8"),
    *("--log-level", "critical", "--no-control-socket"),
    *("--limit-request-fields", "256"),  # as the shipped backend
)


def campaign(slug: str, rate: int, burst: int) -> dict[str, Any]:
    """A campaign as the policy has it."""
    return {"slug": slug, "click_rate": rate, "click_burst": burst}


def source(slug: str, **settings: Any) -> dict[str, Any]:
    """A source as the policy has it; it may do what it likes, unless the settings say otherwise."""
    usual = {"allow": [], "rate": 1_000_000, "burst": 1_000_000, "mode": "enforce", "client_ca": None}
    return {"slug": slug, **usual, **settings}


class EchoBackend:
    """gunicorn with `echo_app` on the sockets of backend and sandbox, in a folder that every user may enter."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="postledger-echo-", dir="/tmp")
        Path(self._home.name).chmod(0o755)
        self.socket = Path(self._home.name) / "backend.sock"
        self.operators_socket = self.socket.with_name("operators.sock")
        self._policy = Path(self._home.name) / "policy"
        self._versions = count(1)
        self.set_sources(source("acme"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *self._binds(), *OPTIONS, "tests.edge.echo_app:app"],
            cwd=ROOT,
            env={**os.environ, "ECHO_POLICY": str(self._policy)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(self._answers, what="the echoing backend")

    def set_sources(self, *sources: dict[str, Any], campaigns: Sequence[dict[str, Any]] = ()) -> None:
        """Has a new policy with these sources and campaigns from now on."""
        policy = {"version": next(self._versions), "sources": sources, "campaigns": campaigns}
        self.set_policy(json.dumps(policy).encode())

    def set_policy(self, text: bytes) -> None:
        """Gives these bytes out as its policy from now on."""
        new = self._policy.with_suffix(".new")
        new.write_bytes(text)
        new.rename(self._policy)

    def forget_policy(self) -> None:
        """Has none any more, as a backend that has not yet read its own."""
        self._policy.unlink()

    def hung_up_on(self) -> list[str]:
        """The receipts of the requests that it hung up on, as often as it was asked."""
        return self._policy.with_name("hung-up-on").read_text().splitlines()

    def is_holding(self) -> bool:
        """True while a request whose path ends in `held` waits for `release`."""
        return self._policy.with_name("held").exists()

    def release(self) -> None:
        """Have it answer that request."""
        self._policy.with_name("held").open("wb").close()

    def stop(self) -> None:
        """Ends it at once and waits until it is gone; its socket no longer answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=END_WITHIN_S)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:  # not as by `stop`, which takes half a second
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=END_WITHIN_S)
        self._home.cleanup()

    def _sockets(self) -> tuple[Path, ...]:
        return self.socket, self.operators_socket, self.socket.with_name("sandbox.sock")

    def _binds(self) -> list[str]:
        return [word for path in self._sockets() for word in ("--bind", f"unix:{path}")]

    def _answers(self) -> bool:
        """By an answer: gunicorn accepts connections before it has started the worker that will serve them."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_WITHIN_S)
            try:
                probe.connect(str(self.socket))
                probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return probe.recv(4) == b"HTTP"
            except OSError:
                return False
