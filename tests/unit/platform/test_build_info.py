"""The version and commit of a build, from the environment or from a real git checkout."""

import subprocess
import tomllib
from pathlib import Path

from postledger import __version__
from postledger.platform.build_info import BuildInfo, read_build_info
from tests.parts.documents import ROOT

COMMIT = ("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--allow-empty", "--message=a")


def git(checkout: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", checkout, *arguments], check=True, capture_output=True, text=True).stdout


def test_the_commit_of_a_checkout_is_asked_of_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, *COMMIT)

    build = read_build_info({}, tmp_path)

    assert build == BuildInfo(__version__, git(tmp_path, "rev-parse", "HEAD")[:12])


def test_the_environment_overrides_git(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, *COMMIT)

    assert read_build_info({"POSTLEDGER_COMMIT": "0123456789abcdef"}, tmp_path).commit == "0123456789ab"


def test_without_both_the_commit_is_unknown(tmp_path: Path) -> None:
    assert read_build_info({"POSTLEDGER_COMMIT": ""}, tmp_path).commit == "unknown"


def test_a_checkout_without_a_commit_is_unknown(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert read_build_info({}, tmp_path).commit == "unknown"


def test_a_folder_inside_another_checkout_is_unknown(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, *COMMIT)
    (tmp_path / "inner").mkdir()

    assert read_build_info({}, tmp_path / "inner").commit == "unknown"


def test_the_package_has_the_version_that_the_code_states() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

    assert "version" not in project["project"], "it is stated once, in postledger/__init__.py"
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "postledger.__version__"}
