-- Records an erasure without the erased value.
INSERT INTO erasures (erased_at, actor, kind, clicks, postbacks, conversions) VALUES (%s, %s, %s, %s, %s, %s)
