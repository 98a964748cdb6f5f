-- Does nothing. An answer shows that the server works.
SELECT 1
