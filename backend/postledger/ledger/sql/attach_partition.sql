-- Makes the table of a day a partition of the audit table.
ALTER TABLE postbacks ATTACH PARTITION {partition} FOR VALUES FROM ({first}) TO ({last})
