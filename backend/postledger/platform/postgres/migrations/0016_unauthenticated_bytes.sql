-- Of a refusal without a matching secret only the beginning of `raw` is stored, with length and SHA-256 of the whole.
ALTER TABLE postbacks ADD COLUMN raw_length integer, ADD COLUMN raw_sha256 bytea;

-- How much of the audit such refusals may fill on a day (UTC): what workers have leased of the budget, by source. It has
-- no foreign key, because 0 stands for unknown sources.
CREATE TABLE unauthenticated_bytes (
    day date NOT NULL,
    source_id integer NOT NULL,
    bytes bigint NOT NULL,
    PRIMARY KEY (day, source_id)
);
