-- The secrets of one source that `apply` replaced.
SELECT id, ciphertext FROM retired_secrets WHERE source_id = %s AND may_return
