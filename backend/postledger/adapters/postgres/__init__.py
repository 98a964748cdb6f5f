"""The Postgres adapter: the ledger, the policy, migrations and retention."""
