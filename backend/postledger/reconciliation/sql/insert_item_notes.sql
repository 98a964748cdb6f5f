-- Rows of the histories of work items, which are locked. `plus`: the how many-eth new row of its item.
INSERT INTO discrepancy_notes (key, nth, at, actor, action, note)
SELECT
    given.key,
    coalesce((SELECT max(earlier.nth) FROM discrepancy_notes AS earlier WHERE earlier.key = given.key), 0) + given.plus,
    %(now)s, %(actor)s, given.action, given.text
FROM unnest(%(key)s::bytea [], %(plus)s::integer [], %(action)s::text [], %(text)s::text [])
    AS given (key, plus, action, text)
