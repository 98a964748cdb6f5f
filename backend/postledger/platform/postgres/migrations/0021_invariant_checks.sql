-- What the last check of the books found, so that every worker can export it: one row for each invariant.
CREATE TABLE invariant_checks (
    invariant text COLLATE "C" PRIMARY KEY,
    broken bigint NOT NULL, -- violations
    checked_at timestamptz NOT NULL
);
