-- Detaches a day from the audit table without blocking writers.
ALTER TABLE postbacks DETACH PARTITION {partition} CONCURRENTLY
