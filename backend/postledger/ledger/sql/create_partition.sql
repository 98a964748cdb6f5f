-- Creates the table of a day. It is attached afterwards, because CREATE TABLE … PARTITION OF would block the writers of
-- every other day.
CREATE TABLE {partition} (LIKE postbacks INCLUDING DEFAULTS)
