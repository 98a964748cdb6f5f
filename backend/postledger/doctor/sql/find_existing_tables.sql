-- Which of these names are taken in the schema of the ledger, by a table or anything like it.
SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass('public.' || quote_ident(name)) IS NOT NULL ORDER BY name
