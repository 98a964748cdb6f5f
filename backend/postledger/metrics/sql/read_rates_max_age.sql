-- How old a rate may be, in days; no row without [finance].
SELECT (settings ->> 'rates_max_age_days')::integer FROM finance
