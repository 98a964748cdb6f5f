-- A report is taken out. If it counted, the one that it had replaced counts again; else the one that replaced it has now
-- replaced the older one.
UPDATE statements AS other
SET
    replaced_at = CASE
        WHEN other.id = gone.replaces AND gone.replaced_at IS NULL THEN NULL ELSE other.replaced_at
    END,
    replaces = CASE WHEN other.replaces = gone.id THEN gone.replaces ELSE other.replaces END
FROM statements AS gone
WHERE gone.id = %s AND (other.id = gone.replaces OR other.replaces = gone.id)
