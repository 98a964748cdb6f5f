"""Connections, migrations and statement loading for Postgres."""
