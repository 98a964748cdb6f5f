"""Technical parts without business rules: Postgres, settings, logs, key ring, metrics files, the WSGI server."""
