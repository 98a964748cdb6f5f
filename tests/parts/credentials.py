"""The password of Prometheus and Alertmanager, and the files about it that `make up` writes."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CREDENTIALS = ("postledger", "the-password-of-the-tests")
CREDENTIAL_VARIABLES = {"PROMETHEUS_USER": CREDENTIALS[0], "PROMETHEUS_PASSWORD": CREDENTIALS[1]}


def write_credentials(home: Path) -> str:
    """Write the password and its hash below `home`; returns the option for both services."""
    folder = home / "credentials"
    folder.mkdir(exist_ok=True)
    password = folder / "password"
    password.write_text(CREDENTIALS[1])
    (folder / "web.yml").write_text(_make_web_config(password))
    return f"--web.config.file={folder}/web.yml"


@cache
def _make_web_config(password: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "POSTLEDGER_VENV": sys.prefix}
    return subprocess.run(
        [ROOT / "script/web-config", password], env=environment, capture_output=True, text=True, check=True
    ).stdout
