-- Whether a replay has booked anything since a moment.
SELECT EXISTS (SELECT FROM public.replays WHERE updated_at >= %s)
