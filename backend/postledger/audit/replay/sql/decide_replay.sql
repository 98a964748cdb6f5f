-- Decides on a replay that waits: it begins, or never will.
UPDATE replays SET state = %(state)s, counts = %(counts)s::text::jsonb, updated_at = %(now)s WHERE id = %(id)s::uuid
