-- How people are told.
SELECT settings FROM notify
