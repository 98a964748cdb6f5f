-- How people are told: what is configured, and its secrets, encrypted.
CREATE TABLE notify (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    settings jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE notify_secrets (
    name text COLLATE "C" NOT NULL CHECK (name IN ('login', 'password', 'webhook')),
    position smallint NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (name, position)
);

-- What is to be told to people, by mail or webhook. The state that is told is looked up when it is sent: a row names its
-- subject, and holds no amount.
CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('request', 'reminder', 'forward_off', 'export_refused')),
    subject_id text COLLATE "C" NOT NULL, -- of an approval its id, of a forward its slug, of an export bill and target
    channel text COLLATE "C" NOT NULL CHECK (channel IN ('mail', 'webhook')),
    user_id integer, -- to whom a mail is sent; NULL: to all who are told of this kind, until they are found
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'obsolete', 'dropped')),
    fault text COLLATE "C", -- the kind of the last failure, never its text
    settled_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (kind, subject_id, channel, user_id, created_at)
);

CREATE INDEX notifications_due ON notifications (due_at) WHERE state = 'waiting';
CREATE INDEX notifications_sent ON notifications (user_id, settled_at) WHERE state = 'sent';

-- Links in mails. A link opens the decision of one request for one user, once, until it expires.
CREATE TABLE decision_links (
    token_sha256 bytea PRIMARY KEY,
    approval_id uuid NOT NULL,
    user_id integer NOT NULL,
    content_sha256 bytea NOT NULL, -- what the mail showed
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

CREATE INDEX decision_links_approval ON decision_links (approval_id);
