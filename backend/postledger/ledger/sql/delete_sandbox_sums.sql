-- Deletes the sums of bytes that the sandbox has of old days.
DELETE FROM sandbox.unauthenticated_bytes WHERE day < %(before)s::date
