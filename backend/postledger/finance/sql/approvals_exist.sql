-- Whether anything was ever to be approved.
SELECT EXISTS (SELECT FROM approvals)
