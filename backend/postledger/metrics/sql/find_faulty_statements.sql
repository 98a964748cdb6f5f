-- The statements with lines that could not be read. A statement never changes, so each is counted once.
SELECT id::text FROM statements WHERE faults > 0
