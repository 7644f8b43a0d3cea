"""Money: balance transactions are the record of cash; the other streams explain them."""

from __future__ import annotations

from datetime import timedelta

from connectors.stripe.questions import OUT_OF_DATE_CHARGES
from connectors.stripe.streams.columns import Feed, currency, epoch, flag, minor, rate, single_table_stream, text

BALANCE_TRANSACTIONS = Feed(  # they have no events; `status` changes from pending to available within days
    kind="balance_transaction",
    lookback=timedelta(days=10),
    stream=single_table_stream(
        "balance_transactions",
        "balance_transaction_id",
        (
            epoch("available_on", "r.available_on"),
            text("type"),
            text("reporting_category"),
            text("balance_type"),
            currency(),
            minor("amount"),
            minor("fee"),
            minor("net"),
            rate("exchange_rate", "r.exchange_rate"),
            text("status"),
            text("source_id", "r.source"),
            text("description"),
        ),
    ),
)
CHARGES = Feed(
    kind="charge",
    out_of_date=OUT_OF_DATE_CHARGES,
    stream=single_table_stream(
        "charges",
        "charge_id",
        (
            currency(),
            minor("amount"),
            minor("amount_captured"),
            minor("amount_refunded"),
            flag("is_captured", "r.captured"),
            flag("is_paid", "r.paid"),
            flag("is_refunded", "r.refunded"),
            flag("is_disputed", "r.disputed"),
            text("status"),
            text("failure_code"),
            text("balance_transaction_id", "r.balance_transaction"),
            text("customer_id", "r.customer"),
            text("payment_intent_id", "r.payment_intent"),
            text("description"),
            text("metadata"),
            flag("livemode", "r.livemode"),
        ),
    ),
)
REFUNDS = Feed(  # events alone have left some out
    kind="refund",
    lookback=timedelta(days=10),
    stream=single_table_stream(
        "refunds",
        "refund_id",
        (
            text("charge_id", "r.charge"),
            text("payment_intent_id", "r.payment_intent"),
            currency(),
            minor("amount"),
            text("status"),
            text("reason"),
            text("failure_reason"),
            text("balance_transaction_id", "r.balance_transaction"),
            text("failure_balance_transaction_id", "r.failure_balance_transaction"),
            text("metadata"),
        ),
    ),
)
DISPUTES = Feed(
    kind="dispute",
    lookback=timedelta(days=10),
    stream=single_table_stream(
        "disputes",
        "dispute_id",
        (
            text("charge_id", "r.charge"),
            text("payment_intent_id", "r.payment_intent"),
            currency(),
            minor("amount"),
            text("reason"),
            text("status"),
            flag("is_charge_refundable", "r.is_charge_refundable"),
            epoch("evidence_due_by", "r.evidence_details.due_by"),
            flag("livemode", "r.livemode"),
        ),
        {"evidence_details": "STRUCT(due_by VARCHAR)"},
    ),
)
PAYOUTS = Feed(
    kind="payout",
    lookback=timedelta(days=10),
    stream=single_table_stream(
        "payouts",
        "payout_id",
        (
            epoch("arrives_at", "r.arrival_date"),
            currency(),
            minor("amount"),
            text("status"),
            text("type"),
            text("method"),
            flag("is_automatic", "r.automatic"),
            text("reconciliation_status"),
            text("balance_transaction_id", "r.balance_transaction"),
            text("failure_balance_transaction_id", "r.failure_balance_transaction"),
            text("failure_code"),
            text("description"),
            flag("livemode", "r.livemode"),
        ),
    ),
)
