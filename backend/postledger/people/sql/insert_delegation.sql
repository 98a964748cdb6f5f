-- Lets a user decide for another one, for some time.
INSERT INTO delegations (from_user, to_user, since, until, created_by) VALUES (%s, %s, %s, %s, %s)
