with months as (
    select
        *,
        {{ months_between("date '2000-01-01'", 'month') }} as month_number
    from {{ ref('int_finance_months') }}
),

past_months as (
    select
        months.tenant_id,
        months.month,
        cast(complete.month_number - months.month_number as {{ wide_integer() }}) as step,
        complete.net_burn_minor,
        cast(complete.income_minor as {{ wide_integer() }}) as income_minor,
        complete.contribution_margin_minor,
        complete.fixed_expenses_minor,
        row_number() over (
            partition by months.tenant_id, months.month order by complete.month_number desc nulls last
        ) as recency
    from months
    inner join months as complete
        on
            months.tenant_id = complete.tenant_id
            and months.month_number >= complete.month_number
            and months.month_number - 6 <= complete.month_number
    where complete.is_complete
),

summed as (
    select
        tenant_id,
        month,
        sum(net_burn_minor) filter (where recency <= 3) as burn_minor,
        count(*) filter (where recency <= 3) as burn_months,
        sum(income_minor) filter (where recency <= 3) as income_minor,
        sum(contribution_margin_minor) filter (where recency <= 3) as margin_minor,
        sum(fixed_expenses_minor) filter (where recency <= 3) as fixed_minor,
        count(*) filter (where recency <= 6) as n,
        sum(step) filter (where recency <= 6) as sum_x,
        sum(income_minor) filter (where recency <= 6) as sum_y,
        sum(step * step) filter (where recency <= 6) as sum_xx,
        sum(step * income_minor) filter (where recency <= 6) as sum_xy
    from past_months
    group by tenant_id, month
),

-- break-even revenue = fixed expenses of a month / contribution margin rate = dividend / divisor
goals as (
    select
        *,
        case when margin_minor > 0 and income_minor > 0 then fixed_minor * income_minor end as dividend,
        case when margin_minor > 0 and income_minor > 0 then margin_minor * burn_months end as divisor,
        n * sum_xx - sum_x * sum_x as spread,
        n * sum_xy - sum_x * sum_y as rise
    from summed
),

-- least squares: the line is rise / spread steep, and at this month (sum_y * spread - rise * sum_x) / (n * spread) high
lines as (
    select
        *,
        dividend * n * spread - (sum_y * spread - rise * sum_x) * divisor as shortfall
    from goals
    where n >= 3
)

select
    goals.tenant_id,
    goals.month,
    goals.burn_minor,
    goals.burn_months,
    cast({{ divide('goals.burn_minor', 'goals.burn_months') }} as bigint) as trailing_burn_minor,
    case when goals.divisor is not null then cast({{ divide('goals.dividend', 'goals.divisor') }} as bigint) end
        as break_even_revenue_minor,
    case
        when lines.shortfall <= 0 then 0
        when lines.rise > 0 and lines.shortfall <= 120 * lines.divisor * lines.n * lines.rise
            then
                cast({{ whole_division(
                    'lines.shortfall + lines.divisor * lines.n * lines.rise - 1',
                    'lines.divisor * lines.n * lines.rise'
                ) }} as integer)
    end as months_to_break_even
from goals
left join lines using (tenant_id, month)
