-- Items of before the lock take over owner, state and resolution of late items. A disputed one stays disputed, and one
-- that has an owner stays assigned, until a person has decided about the late item.
UPDATE discrepancies AS known
SET
    state = CASE
        WHEN known.state = 'disputed' AND taken.state IN ('open', 'assigned') THEN 'disputed'
        WHEN known.state = 'assigned' AND taken.state = 'open' THEN 'assigned'
        ELSE taken.state
    END,
    owner = coalesce(taken.owner, known.owner),
    resolution = coalesce(taken.resolution, known.resolution),
    settled_facts_sha256 = coalesce(taken.settled_facts_sha256, known.settled_facts_sha256),
    version = known.version + 1,
    changed_at = %(now)s
FROM late_items AS late
JOIN discrepancies AS taken ON taken.key = late.late_key
WHERE late.is_known AND known.key = late.key
