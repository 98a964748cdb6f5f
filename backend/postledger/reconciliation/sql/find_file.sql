-- The statement that a file was imported as. Its reports that were replaced since count too.
SELECT id::text, imported_at FROM statements WHERE file_sha256 = %s AND account IS NULL
