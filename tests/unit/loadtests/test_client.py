"""The seams of geventhttpclient that the load tests' client depends on."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
from gevent import monkey; monkey.patch_all()
import gevent, ssl, sys
from gevent import socket
from gevent.server import StreamServer
from loadtests.client import Client, Request
from gevent.ssl import SSLContext, PROTOCOL_TLS_SERVER, create_default_context
certificate, key = sys.argv[1:]
server_tls = SSLContext(PROTOCOL_TLS_SERVER); server_tls.load_cert_chain(certificate, key)
seen = []
def serve(connection, address):
    request = connection.recv(4096)
    seen.append((address[0], request.split(b"\\r\\n")[0].decode()))
    if b"/cut" in request:
        connection.close()
    else:
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
        connection.close()
server = StreamServer(("127.0.0.1", 0), serve, ssl_context=server_tls); server.start()
client = Client(f"https://127.0.0.1:{server.server_port}", create_default_context(cafile=certificate), "127.1.2.3")
answers = [client.send(Request(target)) for target in ("/ok?a={x}|y&b=%zz", "/cut")]
client.send_no_more()
late = gevent.spawn(client.send, Request("/late")); late.join()
print([(one.http, one.body.decode(), one.error) for one in answers], seen, repr(late.value), client.under_way)
"""


def test_a_request_is_sent_once_unchanged_until_no_more_is_sent(tmp_path: Path) -> None:
    """Locust patches the interpreter, so this runs in one of its own."""
    files = [str(tmp_path / name) for name in ("edge.crt", "edge.key")]
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*make, *named, "-out", files[0], "-keyout", files[1]], capture_output=True, check=True)
    run = subprocess.run([sys.executable, "-c", PROGRAM, *files], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    sent = [("127.1.2.3", "GET /ok?a={x}|y&b=%zz HTTP/1.1"), ("127.1.2.3", "GET /cut HTTP/1.1")]
    assert run.stdout.strip() == f"[(200, 'ok', ''), (0, '', 'cut')] {sent} GreenletExit() 0"
