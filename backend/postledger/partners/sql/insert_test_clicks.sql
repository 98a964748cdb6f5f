-- Makes the clicks of samples known in the sandbox, for as long as new rows are kept. Production does not see this table.
INSERT INTO sandbox.test_clicks (click_id, created_at, is_imported)
SELECT click_id, %(now)s, true FROM unnest(%(click_ids)s::text[]) AS click_id
ON CONFLICT (click_id) DO UPDATE SET created_at = excluded.created_at
