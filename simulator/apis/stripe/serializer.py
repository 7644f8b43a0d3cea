"""The books' things in Stripe's words: every field that the pinned version has, null where nothing is known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from simulator.scenarios.payments.books import Entry, PaymentBooks, State, StripeObject

EMBEDDED = 10  # lines and items inside their parent; the rest by pages
KEYS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(names.split())
    for kind, names in {
        "charge": "amount amount_captured amount_refunded application application_fee application_fee_amount "
        "balance_transaction billing_details calculated_statement_descriptor captured created currency customer "
        "description disputed failure_balance_transaction failure_code failure_message fraud_details id livemode "
        "metadata object on_behalf_of outcome paid payment_intent payment_method payment_method_details receipt_email "
        "receipt_number receipt_url refunded review shipping source source_transfer statement_descriptor "
        "statement_descriptor_suffix status transfer_data transfer_group",
        "refund": "amount balance_transaction charge created currency customer customer_account destination_details "
        "id metadata object payment_intent payment_method reason receipt_number source_transfer_reversal status "
        "transfer_reversal",
        "balance_transaction": "amount available_on balance_type created currency description exchange_rate fee "
        "fee_details id net object reporting_category source status type",
        "customer": "address balance created currency default_source delinquent description discount email id "
        "invoice_prefix invoice_settings livemode metadata name next_invoice_sequence object phone preferred_locales "
        "shipping tax_exempt test_clock",
        "product": "active created default_price description id images livemode marketing_features metadata name "
        "object package_dimensions shippable statement_descriptor tax_code type unit_label updated url",
        "price": "active billing_scheme created currency custom_unit_amount id livemode lookup_key metadata nickname "
        "object product recurring tax_behavior tiers_mode transform_quantity type unit_amount unit_amount_decimal",
        "subscription": "application application_fee_percent automatic_tax billing_cycle_anchor "
        "billing_cycle_anchor_config billing_mode billing_schedules billing_thresholds cancel_at cancel_at_period_end "
        "canceled_at cancellation_details collection_method created currency customer customer_account days_until_due "
        "default_payment_method default_source default_tax_rates description discounts ended_at id invoice_settings "
        "items latest_invoice livemode managed_payments metadata next_pending_invoice_item_invoice object "
        "on_behalf_of pause_collection payment_settings pending_invoice_item_interval pending_setup_intent "
        "pending_update schedule start_date status test_clock transfer_data trial_end trial_settings trial_start",
        "subscription_item": "billing_thresholds created current_period_end current_period_start discounts id metadata "
        "object plan price quantity subscription tax_rates",
        "invoice": "account_country account_name account_tax_ids amount_due amount_overpaid amount_paid "
        "amount_remaining amount_shipping application attempt_count attempted auto_advance automatic_tax "
        "automatically_finalizes_at billing_reason collection_method created currency custom_fields customer "
        "customer_account customer_address customer_email customer_name customer_phone customer_shipping "
        "customer_tax_exempt customer_tax_ids default_payment_method default_source default_tax_rates description "
        "discounts due_date effective_at ending_balance footer from_invoice hosted_invoice_url id invoice_pdf issuer "
        "last_finalization_error latest_revision lines livemode metadata next_payment_attempt number object "
        "on_behalf_of parent payment_settings period_end period_start post_payment_credit_notes_amount "
        "pre_payment_credit_notes_amount receipt_number rendering shipping_cost shipping_details starting_balance "
        "statement_descriptor status status_transitions subscription subtotal subtotal_excluding_tax test_clock total "
        "total_discount_amounts total_excluding_tax total_pretax_credit_amounts total_taxes webhooks_delivered_at",
        "line_item": "amount currency description discount_amounts discountable discounts id invoice livemode metadata "
        "object parent period pretax_credit_amounts pricing quantity quantity_decimal subscription subtotal taxes",
        "dispute": "amount balance_transactions charge created currency enhanced_eligibility_types evidence "
        "evidence_details id is_charge_refundable livemode metadata object payment_intent payment_method_details "
        "reason status",
        "payout": "amount application_fee application_fee_amount arrival_date automatic balance_transaction created "
        "currency description destination failure_balance_transaction failure_code failure_message id livemode "
        "metadata method object original_payout payout_method reconciliation_status reversed_by source_type "
        "statement_descriptor status trace_id type",
        "coupon": "amount_off created currency duration duration_in_months id livemode max_redemptions metadata name "
        "object percent_off redeem_by times_redeemed valid",
        "discount": "checkout_session customer customer_account end id invoice invoice_item object promotion_code "
        "source start subscription subscription_item",
        "event": "api_version created data id livemode object pending_webhooks request type",
    }.items()
}
USUAL: Mapping[str, State] = {
    "charge": {"fraud_details": {}, "payment_method_details": {"card": {"brand": "visa", "last4": "4242"},
                                                               "type": "card"},
               "outcome": {"network_status": "approved_by_network", "type": "authorized"}},
    "refund": {"destination_details": {"card": {"type": "refund"}, "type": "card"}},
    "customer": {"balance": 0, "tax_exempt": "none", "next_invoice_sequence": 1, "preferred_locales": []},
    "product": {"images": [], "marketing_features": [], "type": "service"},
    "subscription": {"collection_method": "charge_automatically", "default_tax_rates": [],
                     "billing_mode": {"type": "classic"}},
    "invoice": {"collection_method": "charge_automatically", "auto_advance": True, "starting_balance": 0,
                "amount_overpaid": 0, "amount_shipping": 0, "customer_tax_exempt": "none", "default_tax_rates": []},
    "dispute": {"evidence": {}, "evidence_details": {"has_evidence": False, "submission_count": 0}},
    "payout": {"automatic": True, "method": "standard", "source_type": "card", "type": "bank_account"},
}  # fmt: skip
WITHOUT_MODE = frozenset({"refund", "balance_transaction", "discount", "subscription_item"})
SOMETIMES = {"refund": ("failure_reason", "failure_balance_transaction")}  # there only when they say something


def serialized(kind: str, state: State) -> State:
    """A state with all the fields of its kind, and none besides."""
    usual = {"metadata": {}, "livemode": True, "object": kind} | dict(USUAL.get(kind, {})) | state
    whole = {name: usual.get(name) for name in KEYS[kind]}
    return whole | {name: state[name] for name in SOMETIMES.get(kind, ()) if name in state}


def a_list(url: str, rows: list[State], most: int = EMBEDDED) -> State:
    """A list inside an object: its beginning."""
    return {"object": "list", "data": rows[:most], "has_more": len(rows) > most, "url": url}


def balance_transaction(entry: Entry, at: int) -> State:
    """A balance entry."""
    currency = entry.currency.lower()
    fee = {"amount": entry.fee, "application": None, "currency": currency, "description": "Stripe processing fees",
           "type": "stripe_fee"}  # fmt: skip
    return serialized("balance_transaction", {
        "id": entry.id, "amount": entry.amount, "available_on": entry.available_on, "balance_type": "payments",
        "created": entry.created, "currency": currency, "description": entry.description,
        "exchange_rate": entry.exchange_rate, "fee": entry.fee, "fee_details": [fee] if entry.fee else [],
        "net": entry.net, "reporting_category": entry.reporting_category, "source": entry.source,
        "status": "available" if entry.available_on <= at else "pending", "type": entry.type,
    })  # fmt: skip


class Serializer:
    """Dresses the things of one account as they stood at ``at``; ``expand`` names what is shown whole."""

    def __init__(self, books: PaymentBooks, at: int, expand: Collection[str] = ()) -> None:
        self.books, self.at, self.expand = books, at, expand
        self._known: dict[str, dict[str, StripeObject]] = {}

    def _one(self, kind: str, identity: str) -> State:
        if kind not in self._known:
            self._known[kind] = {thing.id: thing for thing in self.books.ledger.objects.get(kind, [])}
        return self._known[kind][identity].at(self.at)

    def serialize(self, kind: str, state: State) -> State:
        """An object of any kind."""
        special: Mapping[str, Callable[[State], State]] = {
            "charge": self._charge, "customer": self._customer, "price": self._price, "invoice": self._invoice,
            "subscription": self._subscription, "dispute": self._dispute,
        }  # fmt: skip
        wear = special.get(kind)
        return wear(state) if wear else serialized(kind, state)

    def _charge(self, state: State) -> State:
        found = serialized("charge", state)
        if "refunds" in self.expand:
            refunds = [serialized("refund", one) for one in self.books.states("refund") if one["charge"] == state["id"]]
            found["refunds"] = a_list(f"/v1/charges/{state['id']}/refunds", refunds)
        return found

    def _customer(self, state: State) -> State:
        discount = state.get("discount")
        return serialized("customer", state | {
            "discount": serialized("discount", self._one("discount", discount)) if discount else None,
            "address": {"country": state.get("address_country")} if state.get("address_country") else None,
            "invoice_prefix": state["id"][-8:].upper(),
        })  # fmt: skip

    def _price(self, state: State, with_tiers: bool | None = None) -> State:
        found = serialized("price", state)
        if "tiers" in self.expand if with_tiers is None else with_tiers:
            found |= {"tiers": state["tiers"]} if "tiers" in state else {}
        return found

    def _discounts(self, ids: list[str], path: str) -> list[Any]:
        if path not in self.expand:
            return list(ids)
        return [serialized("discount", self._one("discount", one)) for one in ids]

    def item(self, state: State, path: str = "items.data.discounts") -> State:
        """A subscription's item."""
        return serialized("subscription_item", state | {
            "price": self._price(self._one("price", state["price"]), with_tiers=False),
            "discounts": self._discounts(state["discounts"], path),
        })  # fmt: skip

    def _subscription(self, state: State) -> State:
        url = f"/v1/subscription_items?subscription={state['id']}"
        items = [self.item(one) for one in state["items"]]
        return serialized("subscription", state | {
            "items": a_list(url, items), "discounts": self._discounts(state["discounts"], "discounts"),
        })  # fmt: skip

    def _invoice(self, state: State) -> State:
        names = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        lines = [serialized("line_item", one) for one in state["lines"]]
        return serialized("invoice", state | {
            "lines": a_list(f"/v1/invoices/{state['id']}/lines", lines),
            "status_transitions": {name: state[name] for name in names},
        })  # fmt: skip

    def _dispute(self, state: State) -> State:
        entries = {one.id: one for one in self.books.entries}
        whole = [balance_transaction(entries[one], self.at) for one in state["balance_transactions"]]
        return serialized("dispute", state | {"balance_transactions": whole})
