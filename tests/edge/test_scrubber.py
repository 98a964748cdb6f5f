"""The scrubber by itself: what it lets through of nginx's error log, and what it does not."""

import os
import subprocess

import pytest

from tests.parts.edge import ROOT

SCRUBBER = ROOT / "edge" / "scrub.sed"
START = b"2026/01/31 12:00:00 [error] 77#77: *5 "


def scrubbed(log: bytes) -> bytes:
    """What `script/edge` makes of these bytes; in a UTF-8 locale, because the one of the caller must not matter."""
    command = ["env", "LC_ALL=C", "sed", "-n", "-f", str(SCRUBBER)]
    done = subprocess.run(command, input=log, capture_output=True, check=True, env={**os.environ, "LANG": "C.UTF-8"})
    assert done.stdout == b""
    return done.stderr


@pytest.mark.parametrize(
    "quoted",
    [
        b'"GET /x?canary=1 HTTP/1.1", upstream: "http://unix:/b.sock:/x?canary=1", host: "canary"',
        b'"GET /x?quote="canary" HTTP/1.1"',
        b'"GET /x?\xff\xfecanary HTTP/1.1"',
        b'"GET /x?\x00canary\x1b[0m HTTP/1.1"',
        b'"GET /x?canary',
    ],
)
def test_a_record_ends_where_the_senders_words_begin(quoted: bytes) -> None:
    record = START + b"connect() failed (111: Connection refused), client: 192.0.2.1, server: _, request: " + quoted

    assert scrubbed(record + b"\n") == record[: record.index(b'"')] + b"[cut]\n"


def test_a_record_without_a_senders_words_passes_whole() -> None:
    record = b"2026/01/31 12:00:00 [notice] 77#77: signal 3 (SIGQUIT) received, shutting down\n"

    assert scrubbed(record) == record


@pytest.mark.parametrize("end", [b" while connecting to upstream, client: ::1", b", context: ngx.timer"])
def test_a_backend_that_is_away_is_an_error_whether_or_not_its_socket_is_there(end: bytes) -> None:
    critical = START.replace(b"error", b"crit")
    words = b"connect() to unix:/a b.sock failed (2: No such file or directory)" + end

    assert scrubbed(critical + words + b"\n") == START + words + b"\n"


@pytest.mark.parametrize(
    ("level", "words", "mended"),
    [
        (b"crit", b"SSL_do_handshake() failed (SSL: error:0A00006E:x::bad extension) while x, client: ::1", b"info"),
        (b"crit", b"SSL_read() failed (SSL: error:0A0001BB:x::bad record type) while x, client: [cut]", b"info"),
        (b"crit", b"SSL_write() failed, client: 192.0.2.1, server: x", b"info"),
        (b"alert", b"could not allocate new session in SSL session shared cache [cut]", b"warn"),
    ],
)
def test_what_strangers_do_to_tls_wakes_nobody(level: bytes, words: bytes, mended: bytes) -> None:
    record = START.replace(b"error", level) + words

    assert scrubbed(record + b"\n") == START.replace(b"error", mended) + words + b"\n"


@pytest.mark.parametrize(
    "words",
    [
        b"connect() to unix:/b.sock failed (13: Permission denied) while connecting to upstream, client: ::1\n",
        b"open() failed (2: No such file or directory), client: ::1\n",
        b"SSL_CTX_new() failed (SSL: error:0A000086:x::certificate verify failed)\n",
    ],
)
def test_what_else_is_critical_stays_so(words: bytes) -> None:
    record = START.replace(b"error", b"crit") + words

    assert scrubbed(record) == record


def test_an_error_in_the_configuration_keeps_its_file_name() -> None:
    record = b'nginx: [emerg] cannot load certificate "/etc/edge.crt": BIO_new_file() failed\n'

    assert scrubbed(record) == record


@pytest.mark.parametrize(
    "tail",
    [
        b'canary=1 HTTP/1.1", host: "canary"\n',
        b"[error] 77#77: canary\n",
        b"canary stack traceback:\n",
        b"canary coroutine 0:\n",
        b"canary\t[C]: in function\n",
        b"canary nginx: [emerg] \n",
    ],
)
def test_a_line_that_does_not_begin_like_a_record_is_dropped(tail: bytes) -> None:
    assert scrubbed(tail) == b""


def test_the_lines_of_a_lua_traceback_pass_without_a_senders_words() -> None:
    traceback = b"stack traceback:\ncoroutine 0:\n\t/edge/lua/x.lua: in function 'y', client: ::1, request: "

    assert scrubbed(traceback + b'"GET /?canary"\n') == traceback + b"[cut]\n"


@pytest.mark.parametrize(
    "words",
    [
        b"32768 worker_connections are not enough while connecting to upstream, client: 192.0.2.1",
        b"accept4() failed (24: Too many open files)",
        b"socket() failed (24: Too many open files) while connecting to upstream, client: 192.0.2.1",
    ],
)
def test_a_full_worker_writes_one_record_in_ten_seconds(words: bytes) -> None:
    times = (b"12:00:00", b"12:00:00", b"12:00:09", b"12:00:10", b"12:00:11")
    records = [b"2026/01/31 " + time + b" [alert] 77#77: " + words + b"\n" for time in times]
    between = START + b"other words\n"

    assert scrubbed(between.join(records)) == (records[0] + between + between + between + records[3] + between)


def test_what_a_client_sends_cannot_silence_a_record() -> None:
    record = START + b'refused, client: ::1, request: "GET /32768 worker_connections are not enough"\n'

    assert scrubbed(record + record).count(b"[cut]") == 2
