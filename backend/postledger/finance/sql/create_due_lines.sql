-- The lines of some payees that are billed now. All statements of one transaction see the same ones here.
CREATE TEMPORARY TABLE due_lines (
    dedup_key uuid NOT NULL,
    seq integer NOT NULL,
    payee text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    period date NOT NULL,
    category text NOT NULL,
    account text COLLATE "C",
    tax_code text COLLATE "C",
    amount numeric NOT NULL
) ON COMMIT DROP
