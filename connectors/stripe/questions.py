"""What a pull of a Stripe account asks staging."""

from __future__ import annotations

from connectors.base import Table
from connectors.sync.reader import Question

FIRST_BALANCE_TRANSACTION = Question(
    "select balance_transaction_id from balance_transactions order by created_at, balance_transaction_id limit 1",
    ("balance_transactions",),
)
CHANGED = Question(  # the event of a discount names the customer and the subscription that it changes
    """select distinct case when object_type = $kind then object_id
        when object_type = 'discount' and $kind = 'customer' then customer_id
        when object_type = 'discount' and $kind = 'subscription' then subscription_id end
    from events where created_at between $since and $until""",
    ("events",),
)
OUT_OF_DATE_CHARGES = Question(  # refunds and disputes show it; their events do not name the charge
    """select c.charge_id
    from charges as c
    left join (
        select charge_id, coalesce(sum(amount) filter (status not in ('failed', 'canceled')), 0) as refunded
        from refunds group by charge_id
    ) as r using (charge_id)
    left join (select distinct charge_id, true as disputed from disputes) as d using (charge_id)
    where c.amount_refunded not in (r.refunded, r.refunded + c.amount - c.amount_captured)
        or (d.disputed and not c.is_disputed)""",
    ("charges", "refunds", "disputes"),
)
UNKNOWN_PRICES = Question(  # a subscription or an invoice names them, no list has them
    """select n.price_id
    from (
        select price_id from subscription_items
        union all
        select price_id from invoice_lines where subscription_id is not null
    ) as n
    anti join prices using (price_id)""",
    ("subscription_items", "invoice_lines", "prices"),
)
PRICES_WITHOUT_A_CURRENCY = (
    Question(  # used in a currency whose amount was added later, or was not read by an old version
        """select distinct i.price_id
    from subscription_items as i
    inner join subscriptions as s using (subscription_id)
    inner join prices as p using (price_id)
    left join price_currency_options as o on o.price_id = i.price_id and o.currency = s.currency
    where s.currency <> p.currency and o.currency is null and p.billing_scheme is distinct from 'tiered'""",
        ("subscription_items", "subscriptions", "prices", "price_currency_options"),
    )
)
COUPONS_WITHOUT_A_CURRENCY = Question(
    """select distinct d.coupon_id
    from (
        select coupon_id, subscription_id from subscription_discounts
        union all
        select k.coupon_id, s.subscription_id from customers as k inner join subscriptions as s using (customer_id)
    ) as d
    inner join subscriptions as s using (subscription_id)
    inner join coupons as c using (coupon_id)
    left join coupon_currency_options as o on o.coupon_id = d.coupon_id and o.currency = s.currency
    where c.amount_off is not null and s.currency <> c.currency and o.currency is null""",
    ("subscription_discounts", "customers", "subscriptions", "coupons", "coupon_currency_options"),
)
DELETION_EVENTS = Question(  # kind, id, last deletion and last creation in seconds
    """select object_type, object_id, epoch(max(created_at) filter (type like '%.deleted'))::bigint,
        epoch(max(created_at) filter (type like '%.created'))::bigint
    from events
    where created_at >= $since and list_contains($kinds, object_type)
        and type in (object_type || '.deleted', object_type || '.created')
    group by all order by all""",
    ("events",),
)
RECORDED_DELETIONS = Question(
    """select object_type, object_id, epoch(deleted_at)::bigint, found_by, epoch(restored_at)::bigint
    from deletions""",
    ("deletions",),
)


def created_until(table: Table) -> Question:
    """The keys of the objects that were created until $until."""
    return Question(
        f"select {table.key[0]} from {table.name} where created_at <= $until order by created_at, {table.key[0]}",
        (table.name,),
    )


def older_than(table: Table) -> Question:
    """The keys of the objects of $kind that were created before $oldest (seconds since 1970) and are not deleted,
    oldest first."""
    return Question(
        f"""select t.{table.key[0]}
        from {table.name} as t
        left join deletions as d
            on d.object_id = t.{table.key[0]} and d.object_type = $kind and d.restored_at is null
        where epoch(t.created_at) < $oldest and d.object_id is null
        order by t.created_at, t.{table.key[0]}""",
        (table.name, "deletions"),
    )


def oldest(table: Table) -> Question:
    """When the oldest object was created, in seconds since 1970; null for none."""
    return Question(f"select epoch(min(created_at))::bigint from {table.name}", (table.name,))
