-- The decision that was taken with a link.
SELECT decision FROM approval_decisions
WHERE approval_id = %(approval_id)s::uuid AND user_id = %(user_id)s AND decided_at = %(used_at)s
