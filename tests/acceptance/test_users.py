"""Which users run the processes of `make up`, and what other users can reach.

Only root can change users. Without root, every process belongs to the user that runs the tests.
"""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.test_make_up import examine
from tests.parts.checkout import EXPORTERS, ROOT, Checkout
from tests.parts.waiting import wait_until

IS_ROOT = os.geteuid() == 0
SELF = pwd.getpwuid(os.geteuid()).pw_name
BEHIND_THE_EDGE = (
    *("backend", "worker", "sandbox", "console", "prometheus", "alertmanager", "alertmanager-gateway"),
    *EXPORTERS,
)


def _users(checkout: Checkout, part: str) -> set[str]:
    """The users of the processes of a part, by the kernel."""
    group = str(checkout.pid(part))
    listed = subprocess.run(["ps", "-eo", "pgid=,euser:32="], capture_output=True, text=True, check=True).stdout
    return {user for pgid, user in map(str.split, listed.splitlines()) if pgid == group}


@pytest.mark.parametrize("part", BEHIND_THE_EDGE)
def test_what_is_behind_the_edge_runs_as_postledger(checkout: Checkout, part: str) -> None:
    assert _users(checkout, part) == {"postledger" if IS_ROOT else SELF}


def test_only_the_master_of_the_edge_stays_root(checkout: Checkout) -> None:
    assert _users(checkout, "edge") == ({"root", "postledger-edge"} if IS_ROOT else {SELF})


@pytest.fixture(scope="module")
def printed(used: Checkout) -> str:
    """What a `make up` prints when all runs already."""
    used.ensure_up()
    return used.up()


def test_up_prints_who_runs_what(printed: str) -> None:
    users = next(line for line in printed.splitlines() if line.startswith("Users "))
    assert f"backend {'postledger' if IS_ROOT else SELF}," in users
    assert "As root run" not in printed


@pytest.mark.usefixtures("printed")
def test_no_file_of_a_run_is_open_to_other_users(checkout: Checkout) -> None:
    postgres = (checkout.var / "postgres").resolve()
    files = [file for file in checkout.var.rglob("*") if postgres not in file.parents]
    modes = {str(file.relative_to(checkout.var)): file.lstat().st_mode for file in files}

    too_open = {name for name, mode in modes.items() if stat.S_ISREG(mode) and mode & 0o027}
    assert too_open == {"tls/edge.crt"}
    assert "edge/policy/snapshot" in modes


@pytest.mark.parametrize(("user", "is_answered"), [("nobody", False), ("postledger-edge", IS_ROOT)])
@pytest.mark.parametrize("socket", ["BACKEND", "OPERATORS"])
def test_only_the_users_of_the_edge_reach_the_sockets(
    checkout: Checkout, socket: str, user: str, is_answered: bool
) -> None:
    path = checkout.runtime()[f"POSTLEDGER_{socket}_SOCKET"]
    asking = ["curl", "--silent", "--unix-socket", path, "http://backend/internal/policy"]

    asked = subprocess.run(
        ["setpriv", "--reuid", user, "--regid", str(pwd.getpwnam(user).pw_gid), "--clear-groups", *asking],
        capture_output=True,
        check=False,
    )

    assert (asked.returncode == 0) == is_answered, asked.stderr


def test_a_run_that_was_roots_is_taken_over(checkout: Checkout) -> None:
    """As an earlier release left it: every process was root's, and files were open to other users."""
    checkout.run("down")
    postgres = (checkout.var / "postgres").resolve()
    for path in [checkout.var, *checkout.var.rglob("*")]:
        if postgres not in (path, *path.parents) and not path.is_symlink():
            os.chown(path, os.geteuid(), os.getegid())
            path.chmod(path.stat().st_mode | 0o044)

    checkout.up()

    assert _users(checkout, "backend") == {"postledger" if IS_ROOT else SELF}
    assert (checkout.var / "master.key").stat().st_mode & 0o777 == 0o640
    doctor = examine(checkout)
    assert doctor.returncode == 0, doctor.stdout


def test_a_file_that_postledger_cannot_read_is_named_in_one_line(checkout: Checkout, tmp_path: Path) -> None:
    closed = tmp_path / "token"
    closed.write_text("token")
    closed.chmod(0o600 if IS_ROOT else 0)

    up = checkout.run(
        "up",
        POSTLEDGER_ALERT_WEBHOOK_URL="https://alerts.example/",
        POSTLEDGER_ALERT_WEBHOOK_TOKEN_FILE=str(closed),
    )

    assert (up.returncode, up.stdout.count("\n")) == (1, 1), up.stdout
    reader = "postledger" if IS_ROOT else SELF
    assert f"POSTLEDGER_ALERT_WEBHOOK_TOKEN_FILE is '{closed}', which is no file that {reader} can read" in up.stdout


def _obstacle(root: Path) -> str:
    command = "source script/environment; source script/users; part_obstacle backend"
    found = subprocess.run(["bash", "-c", command], cwd=root, capture_output=True, text=True, check=True)
    return found.stdout.strip()


def test_a_checkout_in_a_closed_folder_is_named_as_the_reason(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    shutil.copytree(ROOT / "script", tmp_path / "script")

    assert _obstacle(tmp_path).startswith("the user postledger cannot enter /" if IS_ROOT else "the user")


def test_the_command_of_a_unit_runs_as_its_user(checkout: Checkout) -> None:
    """As systemd starts it: with the settings in the environment, as a user who cannot read their file."""
    checkout.run("down")
    settings = [f"{name}={value}" for name, value in checkout.runtime().items()]
    user = ["setpriv", "--reuid", "postledger", "--regid", "postledger", "--clear-groups"] if IS_ROOT else []
    part = checkout.root / "script" / "part"

    with subprocess.Popen(
        [*user, "env", "-i", f"POSTLEDGER_VAR={checkout.var}", *settings, part, "--unit", "prometheus"]
    ) as prometheus:
        try:
            wait_until(lambda: checkout.answers("prometheus"), what="prometheus")
        finally:
            prometheus.terminate()


def test_a_local_broker_is_private_and_ends_with_the_run(used: Checkout) -> None:
    up = used.run("up", POSTLEDGER_BROKER="rabbitmq")  # which starts all other parts too, if they are down
    assert up.returncode == 0, up.stdout
    node, password = used.var / "rabbitmq", (used.var / "rabbitmq.password").read_text()
    users, url = _users(used, "rabbitmq"), used.runtime()["POSTLEDGER_BROKER_URL"]
    queues = [f"{used.root}/script/rabbitmq-node", "ctl", str(node), "list_queues", "name", "durable"]

    def has_queue() -> bool:
        listed = subprocess.run(queues, capture_output=True, text=True, check=False).stdout
        return ["postledger-conversions", "true"] in map(str.split, listed.splitlines())

    wait_until(has_queue, what="the queue that the worker declares")
    assert users == {"rabbitmq" if IS_ROOT else SELF}
    assert password in url
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert password not in up.stdout + processes
    assert (used.var / "rabbitmq.password").stat().st_mode & 0o777 == 0o600
    assert node.stat().st_mode & 0o777 == 0o700

    used.run("down")

    assert not [cwd for cwd in Path("/proc").glob("[0-9]*/cwd") if _leads_to(cwd, node)]


def _leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.readlink() == folder.resolve()
    except OSError:
        return False
