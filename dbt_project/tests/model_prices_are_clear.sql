-- Own prices that cannot be used: two rows of a model and kind of token with different prices for one day, or a row
-- whose last day is before its first. A warning: a day with two prices has none.
{{ config(severity='warn', meta={'text': 'message'}) }}
with prices as (
    select
        tenant_id,
        lower(trim(model)) as model,
        token_kind,
        usd_per_million,
        valid_from,
        valid_to,
        coalesce(valid_from, date '1970-01-01') as first_day,
        coalesce(valid_to, date '2999-12-31') as last_day
    from {{ ref('stg_files__model_prices') }}
)

select
    one.tenant_id,
    one.model,
    one.token_kind,
    'model_prices.csv of tenant ' || one.tenant_id || ': ' || one.model || ' has two ' || one.token_kind
    || ' prices, ' || one.usd_per_million || ' and ' || other.usd_per_million || ', from '
    || greatest(one.first_day, other.first_day) || ' to ' || least(one.last_day, other.last_day)
    || ', so these days have none. End one of the two rows before the other begins' as message
from prices as one
inner join prices as other
    on
        one.tenant_id = other.tenant_id
        and one.model = other.model
        and one.token_kind = other.token_kind
        and one.usd_per_million < other.usd_per_million
        and one.first_day <= other.last_day
        and one.last_day >= other.first_day
union all
select
    tenant_id,
    model,
    token_kind,
    'model_prices.csv of tenant ' || tenant_id || ': the ' || token_kind || ' price of ' || model || ' ends on '
    || valid_to || ', before it begins on ' || valid_from || ', so it never applies. Correct its days' as message
from prices
where valid_to < valid_from
