"""The gunicorn worker and its WSGI exchange: the parts that depend on internals of gunicorn."""
