-- One row a tenant and month: what the whole months behind it say of the months to come (the month itself is one of
-- them once it is over). Burn and break-even look at three, the trend of the income at six. Whole numbers throughout.
with months as (
    select
        *,
        date_diff('month', date '2000-01-01', month) as month_number
    from {{ ref('int_finance_months') }}
),

behind as (
    select
        months.tenant_id,
        months.month,
        cast(whole.month_number - months.month_number as hugeint) as step,
        whole.net_burn_minor,
        cast(whole.income_minor as hugeint) as income_minor,
        whole.contribution_margin_minor,
        whole.fixed_expenses_minor,
        row_number() over (
            partition by months.tenant_id, months.month order by whole.month_number desc
        ) as place
    from months
    inner join months as whole
        on
            months.tenant_id = whole.tenant_id
            and months.month_number >= whole.month_number
            and months.month_number - 6 <= whole.month_number
    where whole.is_complete
),

summed as (
    select
        tenant_id,
        month,
        sum(net_burn_minor) filter (where place <= 3) as burn_minor,
        count(*) filter (where place <= 3) as burn_months,
        sum(income_minor) filter (where place <= 3) as income_minor,
        sum(contribution_margin_minor) filter (where place <= 3) as margin_minor,
        sum(fixed_expenses_minor) filter (where place <= 3) as fixed_minor,
        count(*) filter (where place <= 6) as n,
        sum(step) filter (where place <= 6) as sum_x,
        sum(income_minor) filter (where place <= 6) as sum_y,
        sum(step * step) filter (where place <= 6) as sum_xx,
        sum(step * income_minor) filter (where place <= 6) as sum_xy
    from behind
    group by all
),

-- break-even revenue = fixed expenses of a month / contribution margin rate = goal / goal_of
goals as (
    select
        *,
        case when margin_minor > 0 and income_minor > 0 then fixed_minor * income_minor end as goal,
        case when margin_minor > 0 and income_minor > 0 then margin_minor * burn_months end as goal_of,
        n * sum_xx - sum_x * sum_x as spread,
        n * sum_xy - sum_x * sum_y as rise
    from summed
),

-- least squares: the line is rise / spread steep, and at this month (sum_y * spread - rise * sum_x) / (n * spread) high
lines as (
    select
        *,
        goal * n * spread - (sum_y * spread - rise * sum_x) * goal_of as missing
    from goals
    where n >= 3
)

select
    goals.tenant_id,
    goals.month,
    goals.burn_minor,
    goals.burn_months,
    cast({{ divided('goals.burn_minor', 'goals.burn_months') }} as bigint) as trailing_burn_minor,
    case when goals.goal_of is not null then cast({{ divided('goals.goal', 'goals.goal_of') }} as bigint) end
        as break_even_revenue_minor,
    case
        when lines.missing <= 0 then 0
        when lines.rise > 0 and lines.missing <= 120 * lines.goal_of * lines.n * lines.rise
            then
                cast(
                    (lines.missing + lines.goal_of * lines.n * lines.rise - 1)
                    // (lines.goal_of * lines.n * lines.rise) as integer
                )
    end as months_to_break_even
from goals
left join lines using (tenant_id, month)
