-- Whether a month is locked.
SELECT exists(SELECT FROM periods WHERE period = %s AND state = 'locked')
