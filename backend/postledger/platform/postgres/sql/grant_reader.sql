-- What the dashboards' role may read: amounts, verdicts and our own names, column by column. A column that is not
-- listed here stays closed, therefore a new column is closed until it is added. Never grant a secret (not even
-- encrypted), a raw request, an id of a sender, click or transaction, an address, or the settings of a source.
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
    kind, direction, source_id, campaign_id, event, conversion_status, category, rule_version, rule, unmapped, amount,
    currency, base_amount, base_currency, rate, rate_on, origin_period, period, billable_from, approved_by_rule,
    happened_at, created_at
) ON expense_lines TO {role};
GRANT SELECT (
    period, currency, exact, carried_in, amount, carried_out, approved_by_rule, state, paid, created_at, updated_at
) ON bills TO {role};
GRANT SELECT (target, state, attempts, created_at, updated_at) ON exports TO {role};
GRANT SELECT (
    kind, source_id, format, period, since, until, currency, proof, gap, replaced_at, lines, known, faults, imported_at
) ON statements TO {role};
GRANT SELECT (field, reason) ON statement_faults TO {role};
GRANT SELECT (kind, source_id, period, as_of, state, started_at, ended_at) ON reconciliations TO {role};
GRANT SELECT (period, currency, amount, received, created_at, updated_at) ON receivables TO {role};
GRANT SELECT (part, amount, currency, method, state, matched_at, undone_at) ON matches TO {role};
GRANT SELECT (
    kind, class, source_id, period, stake, currency, state, opened_at, changed_at
) ON discrepancies TO {role};
GRANT SELECT (period, version, locked_at) ON locked_reports TO {role};
GRANT SELECT (settings, since, rules_version, updated_at) ON finance TO {role};
GRANT SELECT (base, currency, on_day, rate, origin, imported_at) ON rates TO {role};
GRANT SELECT (period, state, version, changed_at) ON periods TO {role};
GRANT SELECT (seq, at, action) ON audit_log TO {role};
GRANT SELECT (seq, verified_at, fault, fault_seq, checked_at) ON audit_checks TO {role};
GRANT SELECT (
    received_at, source_id, method, verdict, reason, parameter, secret_id, event, status, payout, currency, observed
) ON postbacks TO {role};
GRANT SELECT (name, applied_at) ON schema_migrations TO {role};
GRANT SELECT (version) ON policy_version TO {role};
