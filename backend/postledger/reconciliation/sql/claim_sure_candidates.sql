-- Claims by amount and time where no other candidate exists.
INSERT INTO late_claims (group_no, dedup_key, method)
SELECT group_no, dedup_key, 'amount_time' FROM candidates WHERE is_sure
