-- Finishes a detach that was interrupted. Postgres refuses other detaches until then.
ALTER TABLE postbacks DETACH PARTITION {partition} FINALIZE
