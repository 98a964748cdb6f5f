-- The first statement as which a bank's file was imported.
SELECT id::text FROM statements WHERE file_sha256 = %s AND kind = 'bank' ORDER BY imported_at LIMIT 1
