-- Secrets that `apply` replaced are kept too, so that the sandbox can name an old secret as the mistake of a signature.
-- Unlike one that an operator retired, such a secret may return by another file.
--
-- Safe while the previous release serves: it inserts rows without the column, and those are secrets that were retired.
ALTER TABLE retired_secrets ADD COLUMN may_return boolean NOT NULL DEFAULT false;
