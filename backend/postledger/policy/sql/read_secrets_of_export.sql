-- The secrets of one target of exports by name.
SELECT name, ciphertext FROM export_secrets WHERE slug = %s ORDER BY length(name), name
