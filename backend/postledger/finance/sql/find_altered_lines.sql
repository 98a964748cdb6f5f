-- Conversions with a line that the mapper does not write so, and the fault. It follows from the lines themselves, from
-- the rule that a booking names, and from the conversion. `running` are sums up to a line in its currency.
WITH followed AS (
    SELECT
        *,
        ROW(direction, payee, category, account, tax_code, billable_from, unmapped)
        IS DISTINCT FROM lag(ROW(direction, payee, category, account, tax_code, billable_from, unmapped))
        OVER of_conversion AS is_decided,
        first_value(origin_period) OVER of_conversion AS first_period,
        first_value(happened_at) OVER of_conversion AS first_happened_at,
        first_value(CASE WHEN kind = 'accrual' THEN seq ELSE 1 END) OVER of_currency AS chain,
        first_value(rate) OVER of_rates AS chain_rate,
        first_value(rate_on) OVER of_rates AS chain_rate_on,
        first_value(base_currency) OVER of_rates AS chain_base_currency,
        row_number() OVER of_currency AS number_in_currency,
        sum(amount) OVER of_currency AS running_amount,
        sum(base_amount) OVER of_currency AS running_base_amount,
        count(rate) OVER of_currency AS running_rates
    FROM expense_lines
    WINDOW
        of_conversion AS (PARTITION BY dedup_key ORDER BY seq),
        of_currency AS (PARTITION BY dedup_key, currency ORDER BY seq),
        of_rates AS (PARTITION BY dedup_key, currency ORDER BY (rate IS NULL), seq)
),

judged AS (
    SELECT
        coalesce(conversions.id, line.conversion_id) AS id,
        CASE
            WHEN conversions.id IS DISTINCT FROM line.conversion_id THEN 'a line names another conversion'
            WHEN
                coalesce(line.adjusts, line.seq) <> line.chain
                OR (line.kind = 'adjustment' AND line.number_in_currency = 1)
                THEN 'a line does not adjust the accrual of its currency'
            -- A booking changes only by a remap, after everything was taken back, or if there is no money any more.
            WHEN
                line.is_decided AND line.seq > 1
                AND (
                    (line.kind <> 'remap' AND (line.amount <> 0 OR line.payee IS NOT NULL))
                    OR EXISTS (
                        SELECT FROM expense_lines AS earlier
                        WHERE earlier.dedup_key = line.dedup_key AND earlier.seq < line.seq
                        GROUP BY earlier.currency
                        HAVING sum(earlier.amount) <> 0
                    )
                )
                THEN 'a line has another payee, direction, category, account or reason than what it adjusts'
            WHEN
                line.is_decided AND line.payee IS NOT NULL AND line.unmapped IS NULL
                AND (
                    line.direction <> rules.body ->> 'direction'
                    OR line.account IS DISTINCT FROM rules.body ->> 'account'
                    OR line.category NOT LIKE regexp_replace(
                        regexp_replace(rules.body ->> 'category', '([\\%_])', '\\\1', 'g'), '\{[^{}]*\}', '%', 'g'
                    )
                    OR line.payee <> coalesce(
                        rules.body ->> 'payee',
                        CASE
                            WHEN rules.body ->> 'direction' = 'receivable' THEN sources.slug
                            ELSE coalesce(conversions.affiliate_id, line.affiliate_id)
                        END
                    )
                )
                THEN 'a line has another payee, direction, category or account than its rule gives'
            WHEN
                (line.rate IS NULL) <> (line.base_amount IS NULL)
                OR (line.rate IS NULL) <> (line.base_currency IS NULL)
                OR (line.rate IS NULL) <> (line.rate_on IS NULL)
                OR (line.rate IS NULL AND line.running_rates > 0)
                OR line.rate <> line.chain_rate
                OR line.rate_on <> line.chain_rate_on
                OR line.base_currency <> line.chain_base_currency
                OR (line.currency = line.base_currency AND line.rate <> 1)
                THEN 'a line has another rate than what it adjusts, or a part of the rate is missing'
            -- The base amount is rounded to six places.
            WHEN abs(line.running_base_amount - line.rate * line.running_amount) > 0.0000005
                THEN 'a base amount is not its amount times its rate'
            -- The zone of the books may have changed, so the month is known only up to the hours of zones.
            WHEN
                line.origin_period <> line.first_period
                OR line.origin_period NOT IN (
                    date_trunc('month', line.first_happened_at AT TIME ZONE 'UTC' - interval '12 hours'),
                    date_trunc('month', line.first_happened_at AT TIME ZONE 'UTC' + interval '14 hours')
                )
                THEN 'a line has another month of origin than its conversion'
            WHEN
                line.period <> date_trunc('month', line.period)
                OR line.period < line.origin_period
                OR EXISTS (
                    SELECT
                    FROM generate_series(
                        line.origin_period::timestamp, (line.period - 1)::timestamp, interval '1 month'
                    ) AS passed (month)
                    WHERE NOT EXISTS (SELECT FROM periods WHERE periods.period = passed.month)
                )
                THEN 'a line is in another month than its origin, and no month between was ever locked'
        END AS fault
    FROM followed AS line
    LEFT JOIN conversions ON conversions.dedup_key = line.dedup_key
    LEFT JOIN sources ON sources.id = conversions.source_id
    LEFT JOIN expense_rules AS rules ON rules.version = line.rule_version AND rules.slug = line.rule
)

SELECT DISTINCT id::text, fault
FROM judged
WHERE fault IS NOT NULL
ORDER BY id::text, fault
