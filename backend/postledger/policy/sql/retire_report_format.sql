-- Takes a report format out of force. Reports that were imported by it stay.
UPDATE report_formats SET removed_at = %s WHERE slug = %s AND removed_at IS NULL
