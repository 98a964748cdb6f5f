-- Adds what the later passes have claimed to the claims.
INSERT INTO claims (group_no, dedup_key, method)
SELECT group_no, dedup_key, method FROM late_claims
