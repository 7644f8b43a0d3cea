"""Subscriptions with their items and discounts, invoices with their lines."""

from __future__ import annotations

from connectors.base import Column, Table
from connectors.stripe.streams.columns import (
    AMOUNTS,
    DISCOUNT,
    Feed,
    created,
    currency,
    epoch,
    flag,
    make_stream,
    minor,
    rate,
    text,
    total,
)

# an item without tax rates of its own has those of its subscription; one that came twice (a list that was continued by
# time) counts once
ITEMS = """(
    select i.* replace (case when len(i.tax_rates) > 0 then i.tax_rates else s.default_tax_rates end as tax_rates)
    from record as i
    left join record as s on s."object" = 'subscription' and s.id = i.__parentId and s.landing_part = i.landing_part
    where i."object" = 'subscription_item'
    qualify row_number() over (
        partition by i.__parentId, i.id, i.landing_part order by i.current_period_end desc nulls last) = 1)"""
PERCENT = "try_cast(entry.percentage as decimal(38, 12))"
INCLUSIVE = f"list_sum([{PERCENT} for entry in %s.tax_rates if entry.inclusive = 'true'])"
TAX_RATES = "STRUCT(percentage VARCHAR, inclusive VARCHAR)[]"
DISCOUNT_ROWS = """(
    select id as subscription_id, null as item_id, unnest(discounts) as discount, landing_part, landed_until
    from record where "object" = 'subscription'
    union all
    select __parentId, id, unnest(discounts), landing_part, landed_until
    from record where "object" = 'subscription_item') as r"""
HISTORY_ITEM = f"""{{
    'item_id': i.id, 'price_id': i.price.id, 'quantity': try_cast(i.quantity as bigint),
    'inclusive_tax_percent': {INCLUSIVE % "i"}}}"""
HISTORY_DISCOUNT = """{
    'item_id': %s, 'coupon_id': entry.source.coupon, 'discount_start': try_cast(entry."start" as bigint),
    'discount_end': try_cast(entry."end" as bigint)}"""
SUBSCRIPTION_STATES = f"""(
    select s.id, s.status, s.customer, s.currency, s.pause_collection, s.landing_part, s.landed_until,
        cast(to_json(coalesce(contents.items, [])) as varchar) as items,
        cast(to_json(list_concat(
            [{HISTORY_DISCOUNT % "cast(null as varchar)"} for entry in s.discounts], coalesce(contents.discounts, [])
        )) as varchar) as discounts
    from record as s
    left join (
        select i.__parentId as parent, i.landing_part as part, list({HISTORY_ITEM} order by i.id) as items,
            flatten(list([{HISTORY_DISCOUNT % "i.id"} for entry in i.discounts] order by i.id)) as discounts
        from {ITEMS} as i group by all
    ) as contents on contents.parent = s.id and contents.part = s.landing_part
    where s."object" = 'subscription') as r"""
SUBSCRIPTIONS = Feed(
    kind="subscription",
    expand=("discounts", "items.data.discounts"),
    sweeps=((("status", "all"),),),  # without `status` the list hides canceled subscriptions
    children="items",
    stream=make_stream(
        "subscriptions",
        (
            Table(
                name="subscriptions",
                key=("subscription_id",),
                where="r.object = 'subscription'",
                columns=(
                    text("subscription_id", "r.id"),
                    created(),
                    text("customer_id", "r.customer"),
                    text("status"),
                    currency(),
                    epoch("start_date", "r.start_date"),
                    epoch("billing_cycle_anchor", "r.billing_cycle_anchor"),
                    epoch("trial_start", "r.trial_start"),
                    epoch("trial_end", "r.trial_end"),
                    epoch("cancel_at", "r.cancel_at"),
                    epoch("canceled_at", "r.canceled_at"),
                    epoch("ended_at", "r.ended_at"),
                    flag("cancel_at_period_end", "r.cancel_at_period_end"),
                    text("pause_behavior", "r.pause_collection.behavior"),
                    epoch("pause_resumes_at", "r.pause_collection.resumes_at"),
                    text("collection_method"),
                    text("latest_invoice_id", "r.latest_invoice"),
                    flag("has_automatic_tax", "r.automatic_tax.enabled"),
                    text("metadata"),
                    flag("livemode", "r.livemode"),
                ),
            ),
            Table(
                name="subscription_items",
                key=("subscription_id", "subscription_item_id"),
                parent="subscription_id",
                source=f"{ITEMS} as r",
                where="true",
                columns=(
                    text("subscription_id", "r.__parentId"),
                    text("subscription_item_id", "r.id"),
                    created(),
                    text("price_id", "r.price.id"),
                    minor("quantity"),
                    epoch("current_period_start", "r.current_period_start"),
                    epoch("current_period_end", "r.current_period_end"),
                    rate("inclusive_tax_percent", f"cast({INCLUSIVE % 'r'} as varchar)"),
                ),
            ),
            Table(
                name="subscription_discounts",
                key=("subscription_id", "discount_id"),
                parent="subscription_id",
                source=DISCOUNT_ROWS,
                where="true",
                columns=(
                    text("subscription_id"),
                    text("discount_id", "r.discount.id"),
                    text("subscription_item_id", "r.item_id"),
                    text("coupon_id", "r.discount.source.coupon"),
                    epoch("discount_start", "r.discount.start"),
                    epoch("discount_end", 'r.discount."end"'),
                ),
            ),
            Table(  # Stripe only shows the current state: earlier ones are recorded here
                name="subscriptions_history",
                key=("subscription_id",),
                source=SUBSCRIPTION_STATES,
                where="true",
                history=("customer_id", "status", "currency", "pause_behavior", "items", "discounts"),
                columns=(
                    text("subscription_id", "r.id"),
                    Column("seen_at", "INSTANT", "r.landed_until"),
                    text("customer_id", "r.customer"),
                    text("status"),
                    currency(),
                    text("pause_behavior", "r.pause_collection.behavior"),
                    text("items"),
                    text("discounts"),
                ),
            ),
        ),
        {
            "pause_collection": "STRUCT(behavior VARCHAR, resumes_at VARCHAR)",
            "price": "STRUCT(id VARCHAR)",
            "tax_rates": TAX_RATES,
            "default_tax_rates": TAX_RATES,
            "automatic_tax": "STRUCT(enabled VARCHAR)",
            "discounts": f"{DISCOUNT}[]",
        },
        extra_fields=("__parentId", "quantity", "current_period_start", "current_period_end"),
    ),
)
SUBSCRIPTION_ITEM_DETAILS = "STRUCT(proration VARCHAR, subscription VARCHAR, subscription_item VARCHAR)"
INVOICE_ITEM_DETAILS = "STRUCT(proration VARCHAR, subscription VARCHAR)"
INVOICES = Feed(
    kind="invoice",
    deletable=True,
    children="lines",
    stream=make_stream(
        "invoices",
        (
            Table(
                name="invoices",
                key=("invoice_id",),
                where="r.object = 'invoice'",
                columns=(
                    text("invoice_id", "r.id"),
                    created(),
                    text("customer_id", "r.customer"),
                    text("customer_email"),
                    text("subscription_id", "r.parent.subscription_details.subscription"),
                    text("number"),
                    text("status"),
                    text("billing_reason"),
                    text("collection_method"),
                    currency(),
                    minor("subtotal"),
                    minor("subtotal_excluding_tax"),
                    total("discount_total", "r.total_discount_amounts"),
                    minor("total"),
                    minor("total_excluding_tax"),
                    total("tax_total", "r.total_taxes"),
                    minor("amount_due"),
                    minor("amount_paid"),
                    minor("amount_remaining"),
                    epoch("period_start", "r.period_start"),
                    epoch("period_end", "r.period_end"),
                    epoch("due_at", "r.due_date"),
                    epoch("finalized_at", "r.status_transitions.finalized_at"),
                    epoch("paid_at", "r.status_transitions.paid_at"),
                    epoch("voided_at", "r.status_transitions.voided_at"),
                    epoch("marked_uncollectible_at", "r.status_transitions.marked_uncollectible_at"),
                    flag("livemode", "r.livemode"),
                ),
            ),
            Table(
                name="invoice_lines",
                key=("invoice_id", "invoice_line_id"),
                parent="invoice_id",
                where="r.object = 'line_item'",
                columns=(
                    text("invoice_id", "r.__parentId"),
                    text("invoice_line_id", "r.id"),
                    text("price_id", "r.pricing.price_details.price"),
                    text("product_id", "r.pricing.price_details.product"),
                    text(
                        "subscription_id",
                        "coalesce(r.parent.subscription_item_details.subscription, "
                        "r.parent.invoice_item_details.subscription)",
                    ),
                    text("subscription_item_id", "r.parent.subscription_item_details.subscription_item"),
                    flag(
                        "is_proration",
                        "coalesce(r.parent.subscription_item_details.proration, "
                        "r.parent.invoice_item_details.proration)",
                    ),
                    text("description"),
                    currency(),
                    minor("quantity"),
                    minor("amount"),
                    total("discount_amount", "r.discount_amounts"),
                    total("tax_amount", "r.taxes"),
                    epoch("period_start", "r.period.start"),
                    epoch("period_end", 'r.period."end"'),
                ),
            ),
        ),
        {
            "parent": "STRUCT(subscription_details STRUCT(subscription VARCHAR), "
            f"subscription_item_details {SUBSCRIPTION_ITEM_DETAILS}, invoice_item_details {INVOICE_ITEM_DETAILS})",
            "pricing": "STRUCT(price_details STRUCT(price VARCHAR, product VARCHAR))",
            "period": 'STRUCT("start" VARCHAR, "end" VARCHAR)',
            "status_transitions": "STRUCT(finalized_at VARCHAR, paid_at VARCHAR, voided_at VARCHAR, "
            "marked_uncollectible_at VARCHAR)",
            "total_discount_amounts": AMOUNTS,
            "total_taxes": AMOUNTS,
            "discount_amounts": AMOUNTS,
            "taxes": AMOUNTS,
        },
    ),
)
