-- The clicks of a list that are known.
SELECT click_id FROM clicks WHERE click_id = ANY(%s::text[])
