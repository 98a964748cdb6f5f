-- Removes the leases of days that no request belongs to any more.
DELETE FROM unauthenticated_bytes WHERE day < %s
