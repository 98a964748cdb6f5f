-- What people did with work items. A decision remembers the facts that it is about.
UPDATE discrepancies SET
    state = given.state,
    owner = coalesce(%(owner)s, discrepancies.owner),
    resolution = coalesce(%(resolution)s, discrepancies.resolution),
    settled_facts_sha256 = CASE
        WHEN %(settles)s THEN discrepancies.facts_sha256 ELSE discrepancies.settled_facts_sha256
    END,
    version = discrepancies.version + 1,
    changed_at = %(now)s
FROM unnest(%(ids)s::bigint [], %(states)s::text []) AS given (id, state)
WHERE discrepancies.id = given.id
