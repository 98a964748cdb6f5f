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
from postledger.platform.server.gunicorn_worker import Worker
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
    """Build the applications, and trace what the worker handles from now on."""
    handle = Worker.handle_request

    def traced(self: Worker, *arguments: Any) -> bool:
        tracer = Tracer()
        sys.setprofile(tracer)
        try:
            return handle(self, *arguments)
        finally:
            sys.setprofile(None)
            with Path(os.environ["PATHS_FILE"]).open("a") as lines:
                lines.write(json.dumps(list(tracer.files)) + "\n")

    Worker.handle_request = traced  # type: ignore[assignment, method-assign]
    return patient_app.create()
