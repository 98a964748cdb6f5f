-- Takes the groups that the last pass has claimed out of those that are left.
DELETE FROM left_groups USING claims WHERE claims.group_no = left_groups.group_no
