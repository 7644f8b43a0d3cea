-- The first variant by name is compared with each other one. Interval: Newcombe's (1998, method 10), from Wilson's
-- intervals of both shares. Sample ratio: chi-squared against equal shares, at 0.1 %.
{%- set limits = {2: 10.828, 3: 13.816, 4: 16.266, 5: 18.467, 6: 20.515, 7: 22.458, 8: 24.322, 9: 26.124, 10: 27.877} %}
with days as (
    select * from {{ ref('assistant_daily') }}
    where variant <> '(none)' and sessions > 0 and sessions_with_order is not null
),

periods as (
    {%- for name, length in [('7d', 7), ('30d', 30), ('90d', 90), ('all', none)] %}
        select
            tenant_id,
            '{{ name }}' as period,
            {{ loop.index }} as period_position,
            {{ 'today - ' ~ length if length else 'cast(null as date)' }} as earliest_day,
            today - 1 as last_day
        from {{ ref('assistant_now') }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

counts as (
    select
        periods.tenant_id,
        periods.period,
        periods.period_position,
        periods.last_day,
        days.variant,
        coalesce(periods.earliest_day, min(min(days.date_day)) over (partition by periods.tenant_id, periods.period))
            as first_day,
        cast(sum(days.sessions) as bigint) as sessions,
        cast(sum(days.sessions_with_order) as bigint) as sessions_with_order
    from days
    inner join periods on days.tenant_id = periods.tenant_id
    where days.date_day >= coalesce(periods.earliest_day, days.date_day) and days.date_day <= periods.last_day
    group by
        periods.tenant_id,
        periods.period,
        periods.period_position,
        periods.earliest_day,
        periods.last_day,
        days.variant
),

splits as (
    select
        tenant_id,
        period,
        min(variant) as control,
        count(*) as variants,
        sum(cast(sessions as {{ float_type() }}) * sessions) * count(*) / sum(sessions) - sum(sessions) as chi_square
    from counts
    group by tenant_id, period
),

pairs as (
    select
        others.tenant_id,
        others.period,
        others.period_position,
        others.first_day,
        others.last_day,
        splits.control,
        others.variant,
        control.sessions as control_sessions,
        control.sessions_with_order as control_sessions_with_order,
        others.sessions,
        others.sessions_with_order,
        splits.chi_square,
        case splits.variants
            {%- for variants, limit in limits.items() %}
                when {{ variants }} then {{ limit }}
            {%- endfor %}
        end as chi_square_limit,
        cast(control.sessions_with_order as {{ float_type() }}) / control.sessions as control_share,
        cast(others.sessions_with_order as {{ float_type() }}) / others.sessions as variant_share,
    {%- for name in ['control', 'others'] %}
        {%- set hits = 'cast(' ~ name ~ '.sessions_with_order as ' ~ float_type() ~ ')' %}
        {{ wilson(hits, name ~ '.sessions', '-') }} as {{ name }}_low,
        {{ wilson(hits, name ~ '.sessions', '+') }} as {{ name }}_high{{ ',' if not loop.last }}
    {%- endfor %}
    from counts as others
    inner join splits using (tenant_id, period)
    inner join counts as control
        on
            splits.tenant_id = control.tenant_id
            and splits.period = control.period
            and splits.control = control.variant
    where others.variant <> splits.control
),

intervals as (
    select
        *,
        variant_share - control_share as difference,
        variant_share - control_share - sqrt(
            (variant_share - others_low) * (variant_share - others_low)
            + (control_high - control_share) * (control_high - control_share)
        ) as difference_low,
        variant_share - control_share + sqrt(
            (others_high - variant_share) * (others_high - variant_share)
            + (control_share - control_low) * (control_share - control_low)
        ) as difference_high
    from pairs
),

verdicts as (
    select
        *,
        coalesce(chi_square <= chi_square_limit, true) as is_split_even,
        case
            when chi_square > chi_square_limit then 'uneven split'
            when difference_low > 0 then variant || ' wins'
            when difference_high < 0 then control || ' wins'
            else 'no winner yet'
        end as verdict
    from intervals
)

select
    tenant_id,
    period,
    period_position,
    first_day,
    last_day,
    control,
    variant,
    control_sessions,
    control_sessions_with_order,
    sessions,
    sessions_with_order,
    {%- for name in ['control_share', 'variant_share', 'difference', 'difference_low', 'difference_high'] %}
        cast({{ name }} as decimal(9, 6)) as {{ name }},
    {%- endfor %}
    cast(chi_square as decimal(18, 3)) as chi_square,
    is_split_even,
    verdict,
    replace(period, 'd', '') || ' days' as period_text,
    'With ' || variant || ' ' || {{ percent_text('variant_share') }} || ' % of ' || cast(sessions as varchar)
    || ' chats led to an order, with ' || control || ' ' || {{ percent_text('control_share') }} || ' % of '
    || cast(control_sessions as varchar) as shares_text,
    {{ percent_text('difference', true) }} || ' points, between ' || {{ percent_text('difference_low', true) }}
    || ' and ' || {{ percent_text('difference_high', true) }} as difference_text,
    case
        when not is_split_even then 'No verdict: the chats are not split evenly'
        when verdict = 'no winner yet' then 'No winner yet'
        when difference > 0 then variant || ' leads to more orders'
        else control || ' leads to more orders'
    end as verdict_text
from verdicts
