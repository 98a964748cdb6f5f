"""Runs the shipped Lua modules in a plain interpreter, where a test controls the clock (`fake_nginx.lua`)."""

import subprocess
from pathlib import Path

from tests.parts.edge import ROOT

LUA = ROOT / "edge" / "lua"
START = f'package.path = "{LUA}/?.lua;{Path(__file__).parent}/?.lua"; nginx = require("fake_nginx")'


def run_lua(program: str, *, stdin: str = "", prefix: Path | None = None) -> list[str]:
    """Run a program that may `require` the shipped modules; return the lines that it prints.

    `prefix` is the folder that the modules find as nginx's.
    """
    start = START if prefix is None else f'{START} nginx.prefix = "{prefix}/"'
    command = ["lua5.1", "-e", start, "-e", program]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True).stdout.splitlines()
