-- Moves the start of the books back. Conversions that were opened from then on have lines.
UPDATE finance SET since = %(since)s, updated_at = %(now)s WHERE since > %(since)s
