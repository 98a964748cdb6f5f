-- Binds requests to the hashes of their content.
UPDATE approvals SET content_sha256 = hashed.content_sha256
FROM unnest(%(ids)s::uuid [], %(hashes)s::bytea []) AS hashed (id, content_sha256)
WHERE approvals.id = hashed.id
