-- Takes the groups that the last pass has claimed out of those that are left.
DELETE FROM left_groups USING late_claims WHERE late_claims.group_no = left_groups.group_no
