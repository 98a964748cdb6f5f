"""What waits before it is refused, as a pure rule: the shipped Lua with a clock that the test reads."""

import pytest

from tests.edge.plain_lua import run_lua

PACE = """
pace = require("postledger.pace")
ngx.req = { get_method = function() return method end }
"""
LARGE, SMALL = 'content_length = "65536"', 'content_length = "4096"'


@pytest.mark.parametrize(
    ("method", "variables", "is_paced"),
    [
        ("POST", LARGE, True),
        ("POST", SMALL, False),
        ("GET", LARGE, False),
        ("POST", 'content_length = "", http_transfer_encoding = "chunked"', True),
        ("POST", 'content_length = "", server_protocol = "HTTP/2.0"', True),
        ("POST", 'content_length = "", server_protocol = "HTTP/1.1"', False),
    ],
)
def test_the_refusal_of_a_large_body_waits(method: str, variables: str, *, is_paced: bool) -> None:
    said = run_lua(f'{PACE} method = "{method}" pace.body({{ {variables} }}) print(nginx.slept_s)')

    assert said == ["0.1" if is_paced else "0"]
