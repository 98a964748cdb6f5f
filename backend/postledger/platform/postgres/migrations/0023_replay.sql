-- What a replay needs to judge a stored postback as it was judged then. Rows of earlier releases have NULL.
ALTER TABLE postbacks
ADD COLUMN body_kind text COLLATE "C", -- 'query', 'form' or 'json': where the parameters of a POST were
ADD COLUMN scheme smallint, -- which scheme of the source's profile verified it, from 0; NULL is 0
ADD COLUMN decoding text COLLATE "C", -- the percent-decoding by which it verified, if not that of forms
ADD COLUMN signed_at timestamptz, -- the time that was signed
ADD COLUMN idempotency_key text COLLATE "C", -- which charge it is, where the receipt does not say it
ADD COLUMN policy_version bigint, -- of the policy that judged it
ADD COLUMN replay_of uuid; -- the postback that this one repeats under newer rules

-- Who changed which part of the policy, when, and to what. Secrets are not in it. What was in force before is recorded as
-- the last change of an unknown person, so that a row can be judged by the settings of its time.
CREATE TABLE policy_history (
    version bigint NOT NULL,
    subject text COLLATE "C" NOT NULL, -- 'source', 'campaign', …
    slug text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    keys text [] NOT NULL, -- the settings that differ from before
    settings jsonb, -- NULL after it was retired
    actor text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (version, subject, slug, action)
);

INSERT INTO policy_history (version, subject, slug, action, keys, settings, actor, at)
SELECT version, 'source', slug, 'change', '{}', settings, 'unknown', updated_at
FROM sources CROSS JOIN policy_version
WHERE removed_at IS NULL;

-- Replays that were started. The cursor moves in the transaction that books a batch, so that one that was interrupted goes
-- on where it stopped, and books nothing twice.
CREATE TABLE replays (
    id uuid PRIMARY KEY,
    selection jsonb NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('running', 'done')),
    cursor_received_at timestamptz,
    cursor_id uuid,
    counts jsonb NOT NULL,
    actor text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- What each replay has made of each postback, so that neither is done twice, and a receipt finds its repeat.
CREATE TABLE replayed_postbacks (
    postback uuid NOT NULL,
    replay uuid NOT NULL,
    receipt uuid NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (postback, replay)
);
