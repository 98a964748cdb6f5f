-- The number that every change of the policy increments.
SELECT version FROM policy_version
