-- Which statements are expected, and whether one is missing. A report: of each of the last three months that is not
-- locked, from the day after `expected_by_day`. Of the months before the last one those count whose day came while the
-- format was in force. A bank statement: some days after the last day that is covered, with a long weekend in them.
WITH today AS (
    SELECT (%(now)s AT TIME ZONE coalesce((SELECT settings ->> 'timezone' FROM finance), 'UTC'))::date AS day
),

months AS (
    SELECT month::date AS period, day, month = date_trunc('month', day) - interval '1 month' AS is_last
    FROM today
    CROSS JOIN
        generate_series(
            date_trunc('month', day) - interval '3 months', date_trunc('month', day) - interval '1 month', '1 month'
        ) AS month
    WHERE NOT EXISTS (SELECT FROM periods WHERE periods.period = month::date AND periods.state = 'locked')
),

reports AS (
    SELECT
        sources.id,
        sources.slug,
        report_formats.created_at::date AS since,
        (report_formats.settings ->> 'expected_by_day')::integer AS by_day
    FROM report_formats
    JOIN sources ON sources.slug = report_formats.settings ->> 'source'
    WHERE report_formats.removed_at IS NULL AND report_formats.settings ->> 'expected_by_day' IS NOT NULL
),

accounts AS (
    SELECT
        slug,
        created_at::date AS since,
        CASE settings ->> 'expected' WHEN 'daily' THEN 5 WHEN 'weekly' THEN 10 WHEN 'monthly' THEN 36 END AS days
    FROM bank_accounts
    WHERE removed_at IS NULL AND settings ->> 'expected' IS NOT NULL
),

expected AS (
    SELECT
        reports.slug AS name,
        months.day > (months.period + interval '1 month')::date + reports.by_day - 1
        AND (months.is_last OR (months.period + interval '1 month')::date + reports.by_day - 1 >= reports.since)
        AND NOT EXISTS (
            SELECT
            FROM statements
            WHERE
                statements.source_id = reports.id
                AND statements.period = months.period
                AND statements.replaced_at IS NULL
        ) AS is_overdue
    FROM reports
    CROSS JOIN months
    UNION ALL
    SELECT
        accounts.slug,
        today.day > coalesce(
            (SELECT max(statements.until) FROM statements WHERE statements.account = accounts.slug), accounts.since
        ) + accounts.days
    FROM accounts
    CROSS JOIN today
)

SELECT name, bool_or(is_overdue) FROM expected GROUP BY name
