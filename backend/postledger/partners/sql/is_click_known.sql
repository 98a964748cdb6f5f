-- Whether a click was recorded.
SELECT EXISTS (SELECT FROM clicks WHERE click_id = %s)
