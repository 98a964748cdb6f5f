-- What the dashboards may read: amounts, verdicts and names of our own, column by column, and nothing that was not named
-- here, so that a column of tomorrow is closed until somebody opens it. Never a secret, not even encrypted, no raw request,
-- no id of a sender, a click or a transaction, no address, and not the settings of a source.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT (id, slug, name, removed_at) ON sources TO {role};
GRANT SELECT (id, slug, name, removed_at) ON campaigns TO {role};
GRANT SELECT (id, name, removed_at) ON affiliates TO {role};
GRANT SELECT (id, source_id, "position", created_at, last_matched_at) ON source_secrets TO {role};
GRANT SELECT (campaign_id, affiliate_id, created_at, is_imported) ON clicks TO {role};
GRANT SELECT (
    source_id, event, campaign_id, affiliate_id, status, payout, currency, unsigned, conflicted_at, created_at, updated_at
) ON conversions TO {role};
GRANT SELECT (source_id, kind, delta, currency, received_at) ON conversion_events TO {role};
GRANT SELECT (source_id, payout, currency, received_at, settled_at, outcome) ON parked_reversals TO {role};
GRANT SELECT (
    received_at, source_id, method, verdict, reason, parameter, secret_id, event, status, payout, currency, observed
) ON postbacks TO {role};
GRANT SELECT (name, applied_at) ON schema_migrations TO {role};
GRANT SELECT (version) ON policy_version TO {role};
