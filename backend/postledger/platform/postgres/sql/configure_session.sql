-- Gives a new connection its name, its timeouts and UTC. Without a lock timeout the server's default stays. An
-- acknowledged postback must be on disk, therefore a server default of synchronous_commit = off is raised to on; a
-- stronger default stays. No statement is compiled (jit): that takes milliseconds each time, and an estimate of a plan's
-- cost that is too high is enough to cause it. A session that may not scan looks rows up by keys, also with a plan that was
-- made while a table was empty and that is used until the table is analyzed.
SELECT
    set_config('application_name', %s, false),
    set_config('statement_timeout', %s, false),
    set_config('lock_timeout', coalesce(%s, current_setting('lock_timeout')), false),
    set_config('timezone', 'UTC', false),
    set_config('jit', 'off', false),
    set_config('enable_seqscan', coalesce(%s, current_setting('enable_seqscan')), false),
    set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
