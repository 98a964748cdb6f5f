-- Lets one transaction at a time use a link.
SELECT FROM decision_links WHERE token_sha256 = %s FOR UPDATE
