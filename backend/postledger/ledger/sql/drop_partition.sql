-- Drops a day that is no longer part of the audit table.
DROP TABLE {partition}
