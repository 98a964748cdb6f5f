-- The groups that no conversion is found for yet.
CREATE TEMPORARY TABLE left_groups AS
SELECT * FROM report_groups WHERE NOT EXISTS (SELECT FROM claims WHERE claims.group_no = report_groups.group_no)
