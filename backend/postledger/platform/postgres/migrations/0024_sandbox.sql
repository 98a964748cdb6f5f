-- The sandbox: the same statements as in production, run with `search_path = sandbox, public`. What a postback writes goes
-- to the tables here; what is configured is read from those of the ledger.
CREATE SCHEMA sandbox;

CREATE TABLE sandbox.conversions (LIKE public.conversions INCLUDING ALL);
CREATE TABLE sandbox.postbacks (LIKE public.postbacks INCLUDING ALL);
CREATE TABLE sandbox.conversion_events (LIKE public.conversion_events INCLUDING ALL);
CREATE TABLE sandbox.parked_reversals (LIKE public.parked_reversals INCLUDING ALL);
CREATE TABLE sandbox.outbox (LIKE public.outbox INCLUDING ALL); -- no worker reads it
CREATE TABLE sandbox.unauthenticated_bytes (LIKE public.unauthenticated_bytes INCLUDING ALL);

-- The clicks of the ledger, and those that exist for tests alone.
CREATE TABLE sandbox.test_clicks (LIKE public.clicks INCLUDING ALL);
CREATE VIEW sandbox.clicks AS
SELECT click_id, campaign_id, affiliate_id, subs, created_at, is_imported, label_notes FROM public.clicks
UNION ALL
SELECT click_id, campaign_id, affiliate_id, subs, created_at, is_imported, label_notes FROM sandbox.test_clicks;

-- Tokens of partners. A token opens explanations, samples and receipts of its source; it signs and books nothing.
CREATE TABLE partner_tokens (
    token_sha256 bytea PRIMARY KEY,
    source_id integer NOT NULL REFERENCES sources,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE INDEX partner_tokens_source ON partner_tokens (source_id);
