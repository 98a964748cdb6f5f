-- Creates the temporary table that a portion of imported clicks is copied into. It is emptied at each commit.
CREATE TEMPORARY TABLE IF NOT EXISTS imported_clicks (LIKE clicks INCLUDING DEFAULTS) ON COMMIT DELETE ROWS
