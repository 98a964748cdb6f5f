-- Takes [notify] out of force.
DELETE FROM notify
