-- Records which postbacks were booked again. A second time breaks the primary key, and nothing of the batch is written.
INSERT INTO replayed_postbacks (postback, replay, receipt, received_at)
SELECT postback, %(replay)s::uuid, receipt, %(now)s
FROM unnest(%(postbacks)s::uuid[], %(receipts)s::uuid[]) AS replayed (postback, receipt)
