-- Lets one session at a time change users. Reading goes on.
LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE
