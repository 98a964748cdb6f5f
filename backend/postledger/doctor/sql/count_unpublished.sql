-- How many changes wait to be published, and since when the oldest one does.
SELECT count(*), min(received_at) FROM publications WHERE published_at IS NULL
