-- Puts a campaign into force: creates it, changes it, or revives it with its history.
INSERT INTO campaigns (slug, name, destination, click_rate, click_burst, created_at, updated_at)
SELECT slug, name, destination, click_rate, click_burst, at, at
FROM (VALUES (%s::text, %s::text, %s::text, %s::integer, %s::integer, %s::timestamptz)) AS campaign (
    slug, name, destination, click_rate, click_burst, at
)
ON CONFLICT (slug) DO UPDATE
SET
    name = excluded.name, destination = excluded.destination, click_rate = excluded.click_rate,
    click_burst = excluded.click_burst, updated_at = excluded.updated_at, removed_at = NULL
