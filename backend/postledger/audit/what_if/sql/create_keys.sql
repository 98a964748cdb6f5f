-- Creates the list of the dedup keys of judged rows. A row has several if the two rules give it different ones.
CREATE TEMPORARY TABLE what_if_keys (dedup_key uuid NOT NULL, id uuid NOT NULL, is_affected boolean NOT NULL)
