-- What may have changed since the books were loaded: the version of the configuration, the start of the books, and the
-- months that take no more lines.
SELECT
    policy_version.version, finance.since,
    ARRAY(SELECT period FROM periods WHERE state = 'locked')
FROM policy_version
LEFT JOIN finance ON true
