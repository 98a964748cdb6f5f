"""Keeps each conversion as it stands in a SQLite file: BROKER_URL=amqp://… python consumer.py QUEUE FILE."""

import json
import os
import sqlite3
import sys

from kombu import Connection, Consumer, Queue

TABLE = "CREATE TABLE IF NOT EXISTS conversions (dedup_key PRIMARY KEY, revision, source, status, payout, currency)"
STORE = """
INSERT INTO conversions VALUES (:dedup_key, :revision, :source, :status, :payout, :currency)
ON CONFLICT (dedup_key) DO UPDATE SET revision = excluded.revision, status = excluded.status,
payout = excluded.payout, currency = excluded.currency WHERE excluded.revision > conversions.revision"""

queue, database = Queue(sys.argv[1], no_declare=True), sqlite3.connect(sys.argv[2])
database.execute(TABLE)


def store(message):
    event = json.loads(message.body)
    with database:  # one transaction; what is repeated or late changes nothing
        database.execute(STORE, {**event["conversion"], "dedup_key": event["dedup_key"]})
    message.ack()  # only now: the broker delivers it again if this program dies before


connection = Connection(os.environ["BROKER_URL"])
with Consumer(connection, [queue], on_message=store, prefetch_count=100):
    while True:  # an exception ends it if the broker goes away: let a supervisor start it again
        connection.drain_events()
