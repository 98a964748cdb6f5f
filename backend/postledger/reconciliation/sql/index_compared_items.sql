-- Lets items be looked up among what was found.
CREATE UNIQUE INDEX ON compared_items (key)
