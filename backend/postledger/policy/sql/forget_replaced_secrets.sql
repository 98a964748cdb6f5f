-- Forgets that secrets were replaced, because they are live again.
DELETE FROM retired_secrets WHERE id = ANY(%s)
