-- Takes the refunds that have a conversion out of the groups that are left.
DELETE FROM left_groups USING claims WHERE claims.is_refund AND claims.group_no = left_groups.group_no
