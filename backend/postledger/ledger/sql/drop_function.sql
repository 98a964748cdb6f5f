-- A function. No two of ours have one name.
DROP FUNCTION {function}
