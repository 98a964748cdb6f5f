-- Work that is no consequence of a postback: what operators ask for, and periodic work that is due.
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    args jsonb NOT NULL,
    unique_key text COLLATE "C", -- of those that wait, each key is there once
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'done', 'dead', 'discarded')),
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    fault text, -- the type of the error and where, never a value
    progress jsonb,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz
);

CREATE UNIQUE INDEX tasks_once ON tasks (unique_key) WHERE state = 'waiting';
CREATE INDEX tasks_due ON tasks (due_at) WHERE state = 'waiting';
CREATE INDEX tasks_dead ON tasks (name) WHERE state = 'dead';

-- When each periodic task is due next.
CREATE TABLE periodic_tasks (
    name text COLLATE "C" PRIMARY KEY,
    due_at timestamptz NOT NULL
);
