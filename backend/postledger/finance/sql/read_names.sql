-- The names of all sources, campaigns and affiliates, retired ones too.
SELECT 'source' AS kind, slug, name FROM sources
UNION ALL
SELECT 'campaign' AS kind, slug, name FROM campaigns
UNION ALL
SELECT 'affiliate' AS kind, id, name FROM affiliates
