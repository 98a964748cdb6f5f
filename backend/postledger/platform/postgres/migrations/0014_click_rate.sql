-- Clicks that are not stored. Their ids name their campaigns, therefore a conversion of one is booked, and marked.
ALTER TABLE campaigns
ADD COLUMN click_rate integer NOT NULL DEFAULT 20, ADD COLUMN click_burst integer NOT NULL DEFAULT 100;

-- Which labels of the visit were cut or left out, each with its cause. NULL if none was.
ALTER TABLE clicks ADD COLUMN label_notes jsonb;

-- True if the click had no row when the postback was judged. NULL otherwise.
ALTER TABLE conversions ADD COLUMN click_shed boolean;
ALTER TABLE postbacks ADD COLUMN click_shed boolean;
