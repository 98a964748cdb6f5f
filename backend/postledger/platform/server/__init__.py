"""The gunicorn worker and its WSGI exchange: the code that depends on internals of gunicorn."""
