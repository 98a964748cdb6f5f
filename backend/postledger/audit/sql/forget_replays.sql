-- Erases a value from what replays have selected: a transaction id can equal a click id. None that goes on selects more.
UPDATE replays
SET selection = jsonb_set(selection, '{transaction}', to_jsonb(%(forgotten)s::text))
WHERE selection ->> 'transaction' = %(datum)s::text
