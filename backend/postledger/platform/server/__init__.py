"""The code that depends on internals of gunicorn, gevent, psycopg, httpx or httpcore, and nothing else.

`tests/unit/platform/server/test_seams.py` checks those internals, and that no other module uses them.
"""
