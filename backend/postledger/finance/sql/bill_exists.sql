-- Whether there is a bill with this number.
SELECT EXISTS (SELECT FROM bills WHERE number = %s)
