-- Which visits another system counted, and not we: the rate of a campaign, conversions by clicks, must be of the same
-- visits above and below the line. NULL is one that we recorded, so those rows do not grow, and so are imports of before
-- this column, which cannot be told apart any more. Safe while the previous release serves, which neither reads nor
-- names it; a column without a default rewrites nothing.
ALTER TABLE clicks ADD COLUMN is_imported boolean;
