-- Records a replay before its first batch, or before an operator lets it begin.
INSERT INTO replays (id, selection, state, counts, actor, created_at, updated_at)
VALUES (%(id)s, %(selection)s::text::jsonb, %(state)s, %(counts)s::text::jsonb, %(actor)s, %(now)s, %(now)s)
