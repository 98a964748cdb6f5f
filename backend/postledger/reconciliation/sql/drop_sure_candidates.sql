-- Keeps the candidates that are proposed to a person.
DELETE FROM candidates WHERE is_sure
