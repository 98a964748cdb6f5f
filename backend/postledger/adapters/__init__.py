"""What touches the world outside the process: Postgres and metrics."""
