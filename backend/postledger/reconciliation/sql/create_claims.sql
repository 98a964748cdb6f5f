-- Which conversion each group of lines is. A group has at most one; a conversion has one, and the refunds of its own. What
-- a person decided, and refunds, may be several groups of one conversion.
CREATE TEMPORARY TABLE claims (
    group_no integer PRIMARY KEY,
    dedup_key uuid NOT NULL,
    method text COLLATE "C" NOT NULL,
    is_decided boolean NOT NULL DEFAULT false, -- by a person
    is_refund boolean NOT NULL DEFAULT false
)
