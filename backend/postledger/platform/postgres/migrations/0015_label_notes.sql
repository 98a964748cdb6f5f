-- Which labels of the postback were cut or left out, each with its cause. NULL if none was.
ALTER TABLE postbacks ADD COLUMN label_notes jsonb;
