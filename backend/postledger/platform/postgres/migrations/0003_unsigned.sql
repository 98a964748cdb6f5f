-- Which fields of a conversion no signature covers, by their canonical names: what was sent beside the signature can be
-- anybody's. NULL where everything was signed, as with our own profile, so that most rows do not grow.
ALTER TABLE conversions ADD COLUMN unsigned text [];
