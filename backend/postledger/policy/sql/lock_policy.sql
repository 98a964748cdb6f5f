-- Blocks other changes of the policy until this transaction ends.
SELECT version FROM policy_version FOR UPDATE
