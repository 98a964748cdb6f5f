-- Frees the expense lines of bills, so that other bills can hold them.
DELETE FROM bill_items WHERE bill_id = ANY(%s::uuid [])
