-- What the passes after the first claim of what is left. They are few, so that no pass reads all claims.
CREATE TEMPORARY TABLE late_claims (
    group_no integer PRIMARY KEY,
    dedup_key uuid NOT NULL UNIQUE,
    method text COLLATE "C" NOT NULL
)
