-- Writes what became of an export. One that another worker settled after the lease had run out stays exported.
UPDATE exports
SET
    state = %(state)s, due_at = %(due_at)s, attempts = %(attempts)s, reference = %(reference)s, fault = %(fault)s,
    leased_until = NULL, updated_at = %(now)s
WHERE bill_id = %(bill_id)s AND target = %(target)s AND state <> 'exported'
