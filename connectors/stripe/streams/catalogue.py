"""Customers, products, prices with their tiers, coupons."""

from __future__ import annotations

from connectors.base import Column, Table
from connectors.stripe.questions import COUPONS_WITHOUT_A_CURRENCY, PRICES_WITHOUT_A_CURRENCY, UNKNOWN_PRICES
from connectors.stripe.streams.columns import (
    DISCOUNT,
    Feed,
    created,
    currency,
    epoch,
    flag,
    make_stream,
    minor,
    rate,
    single_table_stream,
    text,
)

DISCOUNT_COLUMNS = (
    text("discount_id", "r.discount.id"),
    text("coupon_id", "r.discount.source.coupon"),
    epoch("discount_start", "r.discount.start"),
    epoch("discount_end", 'r.discount."end"'),
)
CUSTOMERS = Feed(
    kind="customer",
    deletable=True,
    stream=make_stream(
        "customers",
        (
            Table(
                name="customers",
                key=("customer_id",),
                where="true",
                columns=(
                    text("customer_id", "r.id"),
                    created(),
                    text("email"),
                    text("name"),
                    text("country", "r.address.country"),
                    currency(),
                    minor("balance"),
                    flag("is_delinquent", "r.delinquent"),
                    *DISCOUNT_COLUMNS,
                    text("metadata"),
                    flag("livemode", "r.livemode"),
                ),
            ),
            Table(  # past coupons are needed: each lowers the recurring revenue of its time
                name="customer_discounts_history",
                key=("customer_id",),
                where="true",
                history=("discount_id", "coupon_id", "discount_start", "discount_end"),
                columns=(
                    text("customer_id", "r.id"),
                    Column("seen_at", "INSTANT", "r.landed_until"),
                    *DISCOUNT_COLUMNS,
                ),
            ),
        ),
        {"address": "STRUCT(country VARCHAR)", "discount": DISCOUNT},
    ),
)
PRODUCTS = Feed(
    kind="product",
    deletable=True,
    stream=single_table_stream(
        "products",
        "product_id",
        (
            epoch("updated_at", "r.updated"),
            text("name"),
            text("description"),
            flag("is_active", "r.active"),
            text("metadata"),
            flag("livemode", "r.livemode"),
        ),
    ),
)
CURRENCY_OPTIONS = """(
    select id, created, unnest(map_entries(currency_options)) as option, landing_part, landed_until from record) as r"""
TIER = (
    "STRUCT(up_to VARCHAR, unit_amount VARCHAR, unit_amount_decimal VARCHAR, flat_amount VARCHAR, "
    "flat_amount_decimal VARCHAR)"
)
PRICES = Feed(
    kind="price",
    deletable=True,
    sweeps=((("active", "true"),), (("active", "false"),)),  # without `active` the list hides archived prices
    lists_all=False,  # no list has prices that were created for a single sale (`price_data`)
    unknown=UNKNOWN_PRICES,
    out_of_date=PRICES_WITHOUT_A_CURRENCY,
    expand=("tiers", "currency_options"),
    stream=make_stream(
        "prices",
        (
            Table(
                name="prices",
                key=("price_id",),
                where="true",
                columns=(
                    text("price_id", "r.id"),
                    created(),
                    text("product_id", "r.product"),
                    currency(),
                    text("nickname"),
                    flag("is_active", "r.active"),
                    text("type"),
                    text("billing_scheme"),
                    text("tiers_mode"),
                    minor("unit_amount"),
                    rate("unit_amount_decimal", "r.unit_amount_decimal"),
                    text("recurring_interval", "r.recurring.interval"),
                    minor("recurring_interval_count", "r.recurring.interval_count"),
                    text("usage_type", "r.recurring.usage_type"),
                    minor("trial_period_days", "r.recurring.trial_period_days"),
                    text("tax_behavior"),
                    minor("transform_divide_by", "r.transform_quantity.divide_by"),
                    text("transform_round", "r.transform_quantity.round"),
                    flag("livemode", "r.livemode"),
                ),
            ),
            Table(
                name="price_tiers",
                key=("price_id", "position"),
                parent="price_id",
                source="(select * from record where len(tiers) > 0) as r, "
                "unnest(range(1, len(r.tiers) + 1)) as u(place)",
                where="true",
                columns=(
                    text("price_id", "r.id"),
                    Column("position", "BIGINT", "u.place::varchar"),
                    minor("up_to", "r.tiers[u.place].up_to"),
                    minor("unit_amount", "r.tiers[u.place].unit_amount"),
                    rate("unit_amount_decimal", "r.tiers[u.place].unit_amount_decimal"),
                    minor("flat_amount", "r.tiers[u.place].flat_amount"),
                    rate("flat_amount_decimal", "r.tiers[u.place].flat_amount_decimal"),
                ),
            ),
            Table(
                name="price_currency_options",
                key=("price_id", "currency"),
                parent="price_id",
                source=CURRENCY_OPTIONS,
                where="true",
                columns=(
                    text("price_id", "r.id"),
                    currency("r.option.key"),
                    minor("unit_amount", "r.option.value.unit_amount"),
                    rate("unit_amount_decimal", "r.option.value.unit_amount_decimal"),
                ),
            ),
        ),
        {
            "currency_options": "MAP(VARCHAR, STRUCT(unit_amount VARCHAR, unit_amount_decimal VARCHAR))",
            "recurring": 'STRUCT("interval" VARCHAR, interval_count VARCHAR, usage_type VARCHAR, '
            "trial_period_days VARCHAR)",
            "transform_quantity": "STRUCT(divide_by VARCHAR, round VARCHAR)",
            "tiers": f"{TIER}[]",
        },
    ),
)
COUPONS = Feed(
    kind="coupon",
    deletable=True,
    out_of_date=COUPONS_WITHOUT_A_CURRENCY,
    expand=("currency_options",),
    stream=make_stream(
        "coupons",
        (
            Table(
                name="coupons",
                key=("coupon_id", "created_at"),  # a coupon's id is chosen: it may be used again with other terms
                where="true",
                columns=(
                    text("coupon_id", "r.id"),
                    created(),
                    text("name"),
                    text("duration"),
                    minor("duration_in_months"),
                    rate("percent_off", "r.percent_off"),
                    minor("amount_off"),
                    currency(),
                    flag("is_valid", "r.valid"),
                    minor("times_redeemed"),
                    epoch("redeem_by", "r.redeem_by"),
                    flag("livemode", "r.livemode"),
                ),
            ),
            Table(
                name="coupon_currency_options",
                key=("coupon_id", "created_at", "currency"),
                source=CURRENCY_OPTIONS,
                where="true",
                columns=(
                    text("coupon_id", "r.id"),
                    created(),
                    currency("r.option.key"),
                    minor("amount_off", "r.option.value.amount_off"),
                ),
            ),
        ),
        {"currency_options": "MAP(VARCHAR, STRUCT(amount_off VARCHAR))"},
    ),
)
