-- Records a replay before its first batch.
INSERT INTO replays (id, selection, state, counts, actor, created_at, updated_at)
VALUES (%(id)s, %(selection)s::text::jsonb, 'running', %(counts)s::text::jsonb, %(actor)s, %(now)s, %(now)s)
