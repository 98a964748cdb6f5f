-- Removes what is known of the repeats of replays whose rows are no longer kept.
DELETE FROM replayed_postbacks WHERE received_at < %s
