"""How long each step of a request may take. All bounds stand here because they depend on each other.

A request waits in the queue of the writer, then for the flush that its row is part of. The bounds form a chain: a lock
wait ends before its statement, a statement before the answer, the answer before the promise. A unit test checks it.
"""

PROMISED_ANSWER_S = 2.0
"""The contract: under any fault of Postledger a request is answered 503 within two seconds."""

# -- A request and the writer.
ANSWER_WITHIN_S = 1.4
"""A request that the writer has not answered by then is answered 503. The rest of the promise is for the edge."""
CLOCK_EVERY_S = 0.1
"""How often the clock of the writer looks for overdue requests: an answer can be late by this much."""
PAUSE_S = 1.0
"""If the clock is late by this much, the machine stood still. A merely busy process is not late by a second."""
FLUSH_STATEMENT_MS = 1400
"""Postgres cancels a statement of the writer after this time. Later its result would reach no sender."""
FLUSH_LOCK_MS = 1200
"""Shorter than the statement's bound, so that a locked table is reported as a lock and not as a slow statement.

Longer than Postgres' `deadlock_timeout` (1 s), so that a deadlock is still reported as a deadlock.
"""
FLUSH_WITHIN_S = 3.0
"""The writer gives up a connection on which one flush takes this long, because a hung server never answers.

Longer than one statement, so that Postgres can cancel a statement by itself, which keeps the connection.
"""
CHECK_EVERY_S = 1.0
"""How often an idle writer whose last write failed tries an empty one. This bounds how long health lags behind."""

# -- Connections.
CONNECT_S = 2
"""One connection attempt of a server process. libpq accepts no less than two seconds."""
PATIENT_CONNECT_S = 10
"""One connection attempt of a command, which no sender waits for: cron may not start it again for a day."""
KEEPALIVE_S = 10
"""How long a connection may be silent before the kernel asks whether the other machine is still there.

Without it, a wait for an answer of a machine that was lost would last for two hours.
"""
OPEN_WITHIN_S = 10.0
"""All connection attempts of the writer together: several hosts, and a name server that does not answer."""
POOL_WAIT_S = 1.0
"""How long to wait for a connection of the pool."""
POOL_RECONNECT_S = 0.5
"""How long the pool repeats a failed attempt. The next user of the pool then starts a fresh one without a pause."""
POOL_STATEMENT_MS = 5000
"""A statement of the background tasks."""
HEALTH_WITHIN_S = 1.2
"""How long the health check waits for Postgres. It is longer than `POOL_WAIT_S` and keeps the promise."""

# -- A start, a stop, and an erasure.
FIRST_POLICY_WITHIN_S = 2.0
"""How long a starting worker waits for its first policy before it serves."""
SETTLED_WITHIN_S = ANSWER_WITHIN_S + CLOCK_EVERY_S + FLUSH_WITHIN_S + CLOCK_EVERY_S + FLUSH_STATEMENT_MS / 1000
"""After this time a row that was handed to a writer is committed, or never will be: `forget` waits for it.

The row waits until it is overdue. Its flush begins at the last moment and is given up. The server does not notice that
and ends its statement on its own.
"""
GRACEFUL_STOP_S = 10
"""How long a worker that was asked to stop may finish its work: longer than any row takes."""

# -- A worker.
CLIENT_CHECK_MS = 500
"""How often Postgres checks during a statement that its client lives. Another one takes over within a second."""
IDLE_TRANSACTION_MS = 20_000
"""How long a worker may stand still within a transaction. Longer than it needs to map a batch on a busy machine."""
