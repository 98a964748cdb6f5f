-- Whether a campaign of this slug was ever configured.
SELECT EXISTS (SELECT FROM campaigns WHERE slug = %s)
