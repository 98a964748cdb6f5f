-- Gives back what was leased and not tried.
UPDATE notifications SET leased_until = NULL, attempts = attempts - 1
WHERE id = any(%s::uuid []) AND state = 'waiting'
