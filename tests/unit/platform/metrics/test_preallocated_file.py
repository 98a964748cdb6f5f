"""Preallocated metric files: they own all their blocks, and values outlive a file system without room."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

from postledger.platform.metrics.preallocated_file import PreallocatedFile, remove_files, return_to_files
from tests.parts.waiting import HANGS_AFTER_S

INITIAL_BYTES = 1 << 16
LONG = "x" * 1000


def read(file: Path) -> dict[str, float]:
    """What a scrape reads."""
    return {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(file))}


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """Let no file grow further, as a full file system does. The kernel's signal about it is ignored by Python."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def opened(file: Path) -> Iterator[PreallocatedFile]:
    """The values of a file, closed in the end."""
    values = PreallocatedFile(str(file))
    try:
        yield values
    finally:
        values.close()


def fill(values: PreallocatedFile, first: int, last: int) -> dict[str, float]:
    """Write a value for each number; each takes about a kilobyte."""
    written = {f"{LONG}{number}": float(number) for number in range(first, last)}
    for key, value in written.items():
        values.write_value(key, value, 0.0)
    return written


def test_a_file_owns_all_blocks_of_its_size(tmp_path: Path) -> None:
    file = tmp_path / "counter_1.db"
    sizes = []

    with opened(file) as values:
        for first in (0, 100, 200):
            written = fill(values, first, first + 100)
            about = file.stat()
            assert about.st_blocks * 512 >= about.st_size
            assert written.items() <= read(file).items()
            sizes.append(about.st_size)

    assert sizes == [1 << 17, 1 << 18, 1 << 19], "it grew"


def test_values_outlive_a_full_file_system(tmp_path: Path) -> None:
    file = tmp_path / "counter_1.db"

    with opened(file) as values:
        before = fill(values, 0, 10)
        with files_at_most(INITIAL_BYTES):
            after = fill(values, 10, 200)
            return_to_files()
            assert before.keys() < read(file).keys() < before.keys() | after.keys(), "a scrape reads what had room"
        values.write_value(f"{LONG}0", 7.0, 0.0)
        return_to_files()

        assert read(file) == {**before, **after, f"{LONG}0": 7.0}
        assert file.stat().st_blocks * 512 >= file.stat().st_size


def test_a_file_that_cannot_be_made_is_made_later(tmp_path: Path) -> None:
    file = tmp_path / "counter_1.db"

    with files_at_most(0):
        values = PreallocatedFile(str(file))
        written = fill(values, 0, 200)
        return_to_files()
        assert list(tmp_path.iterdir()) == []
    return_to_files()

    assert read(file) == written
    values.close()


def test_a_value_that_is_gone_from_memory_is_not_written(tmp_path: Path) -> None:
    with files_at_most(0):
        PreallocatedFile(str(tmp_path / "counter_1.db")).close()

    return_to_files()

    assert list(tmp_path.iterdir()) == []


def test_only_metric_files_are_removed(tmp_path: Path) -> None:
    for name in ("counter_1.db", "gauge_all_1.db.new", "ledger.dump", "master.key"):
        (tmp_path / name).touch()

    remove_files(tmp_path)

    assert {file.name for file in tmp_path.iterdir()} == {"ledger.dump", "master.key"}


def test_the_backend_uses_them(tmp_path: Path) -> None:
    program = """
from postledger.platform.metrics.buffered_values import buffer_values
buffer_values()
from prometheus_client import Counter
Counter("rises", "r").inc()
"""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=HANGS_AFTER_S)

    (file,) = tmp_path.glob("counter_*.db")
    assert file.stat().st_blocks * 512 >= INITIAL_BYTES
