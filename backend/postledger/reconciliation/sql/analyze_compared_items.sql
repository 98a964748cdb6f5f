-- Gathers statistics of what was found, or a plan would compare each item with each other one.
ANALYZE compared_items
