-- Publishing fills the rows through the semantic layer (semantic/digest).
-- depends_on: {{ ref('finance_monthly') }}
select
    cast(null as varchar) as tenant_id,
    cast(null as integer) as position,
    cast(null as varchar) as label,
    cast(null as varchar) as value_text,
    cast(null as varchar) as good_text,
    cast(null as varchar) as bad_text,
    cast(null as varchar) as neutral_text
where 1 = 0
