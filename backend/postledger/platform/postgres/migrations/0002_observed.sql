-- What a source in observe mode would have been refused for: `postledger source report` shows it before it is enforced.
ALTER TABLE postbacks ADD COLUMN observed text [];
