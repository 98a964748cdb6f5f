"""The shipped backend, which writes down the files of ours that a postback passes from the socket to the commit.

A profile function of the interpreter sees each call of a Python function, in whichever greenlet. Background tasks run
ten times a second and may be seen too; a test takes the shortest of several paths.
"""

import json
import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import postledger
from postledger.ledger.writer import write_batch
from postledger.platform.server import gunicorn_worker
from postledger.platform.server.wsgi_exchange import ByListener
from tests.parts import patient_app

PACKAGE = f"{Path(postledger.__file__).parent}{os.sep}"


class Tracer:
    """Notes each file of ours whose functions are called, in their order, until a batch is committed."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Note one event of the interpreter."""
        if event == "return" and frame.f_code is write_batch.__code__:
            sys.setprofile(None)
        elif event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            self.files[frame.f_code.co_filename.removeprefix(PACKAGE)] = None


def create() -> ByListener:
    """Build the applications, and trace each request that is read from now on."""
    worker: Any = gunicorn_worker
    read, respond = worker.read_plain, worker.respond
    tracers: list[Tracer] = []

    def traced_read(*arguments: Any) -> Any:
        tracers.append(Tracer())
        sys.setprofile(tracers[-1])
        return read(*arguments)

    def traced_respond(*arguments: Any, **options: Any) -> bool:
        try:
            return bool(respond(*arguments, **options))
        finally:
            sys.setprofile(None)
            with Path(os.environ["PATHS_FILE"]).open("a") as lines:
                lines.write(json.dumps(list(tracers[-1].files)) + "\n")

    worker.read_plain, worker.respond = traced_read, traced_respond
    return patient_app.create()
