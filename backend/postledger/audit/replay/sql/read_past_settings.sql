-- The settings of every source since each of its changes.
SELECT slug, version, settings
FROM public.policy_history
WHERE subject = 'source' AND settings IS NOT NULL
ORDER BY slug, version, action
