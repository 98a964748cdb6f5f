-- Removes the schema of the sandbox with all that is in it.
DROP SCHEMA IF EXISTS sandbox CASCADE
