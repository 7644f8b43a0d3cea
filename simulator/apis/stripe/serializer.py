"""Stripe's objects from the state of the books: every field of the pinned version, null unless the books have it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any

from simulator.books import Instant
from simulator.scenarios.payments.books import Entry, Event, PaymentBooks, State, StripeObject

VERSION = "2026-10-28.endive"
EMBEDDED_ROWS = 10  # lines and items inside their parent; the others are on pages
FIELDS: Mapping[str, tuple[str, ...]] = {
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
DEFAULTS: Mapping[str, State] = {
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
OPTIONAL: Mapping[str, tuple[str, ...]] = {"refund": ("failure_reason", "failure_balance_transaction")}


def serialize(kind: str, state: State) -> State:
    """A state with exactly the fields of its kind; optional fields only when the state has them."""
    values = {"metadata": {}, "livemode": True, "object": kind, **DEFAULTS.get(kind, {}), **state}
    fields = {name: values.get(name) for name in FIELDS[kind]}
    return fields | {name: state[name] for name in OPTIONAL.get(kind, ()) if name in state}


def embedded_list(url: str, rows: list[State]) -> State:
    """A list inside an object: its first rows."""
    more = len(rows) > EMBEDDED_ROWS
    return {"object": "list", "data": rows[:EMBEDDED_ROWS], "has_more": more, "url": url}


def balance_transaction(entry: Entry, at: Instant) -> State:
    currency = entry.currency.lower()
    fee = {"amount": entry.fee, "application": None, "currency": currency, "description": "Stripe processing fees",
           "type": "stripe_fee"}  # fmt: skip
    return serialize("balance_transaction", {
        "id": entry.id, "amount": entry.amount, "available_on": entry.available_on, "balance_type": "payments",
        "created": entry.created, "currency": currency, "description": entry.description,
        "exchange_rate": entry.exchange_rate, "fee": entry.fee, "fee_details": [fee] if entry.fee else [],
        "net": entry.net, "reporting_category": entry.reporting_category, "source": entry.source,
        "status": "available" if entry.available_on <= at else "pending", "type": entry.type,
    })  # fmt: skip


class Serializer:
    """Serializes the objects of one account as of ``at``; ``expand`` names the properties to expand."""

    def __init__(self, books: PaymentBooks, at: Instant, expand: Collection[str] = ()) -> None:
        self.books, self.at, self.expand = books, at, expand
        self._by_id: dict[str, dict[str, StripeObject]] = {}

    def serialize(self, kind: str, state: State) -> State:
        """An object of any kind."""
        special: Mapping[str, Callable[[State], State]] = {
            "charge": self._charge, "customer": self._customer, "price": self._price, "invoice": self._invoice,
            "subscription": self._subscription, "dispute": self._dispute, "coupon": self._coupon,
        }  # fmt: skip
        method = special.get(kind)
        return method(state) if method else serialize(kind, state)

    def row(self, row: StripeObject | Entry | Event) -> State:
        """A row of a list."""
        if isinstance(row, Entry):
            return balance_transaction(row, self.at)
        if isinstance(row, Event):
            return self.event(row)
        return self.serialize(row.kind, row.at(self.at))

    def event(self, event: Event) -> State:
        """An event shows its subject as of the event."""
        then = Serializer(self.books, event.at)
        then._by_id = self._by_id
        return serialize("event", {
            "id": event.id, "created": event.at, "type": event.type, "api_version": VERSION, "pending_webhooks": 0,
            "request": {"id": None, "idempotency_key": None},
            "data": {"object": then.serialize(event.subject.kind, event.subject.at(event.at))},
        })  # fmt: skip

    def item(self, state: State, path: str = "items.data.discounts") -> State:
        """A subscription's item; ``path`` is how a request expands its discounts."""
        return serialize("subscription_item", state | {
            "price": self._price(self._state("price", state["price"]), with_tiers=False),
            "discounts": self._discounts(state["discounts"], path),
        })  # fmt: skip

    def _state(self, kind: str, identifier: str) -> State:
        if kind not in self._by_id:
            self._by_id[kind] = {subject.id: subject for subject in self.books.ledger.objects.get(kind, [])}
        return self._by_id[kind][identifier].at(self.at)

    def _charge(self, state: State) -> State:
        charge = serialize("charge", state)
        if "refunds" in self.expand:
            refunds = [serialize("refund", refund) for refund in self._refunds.get(state["id"], [])]
            charge["refunds"] = embedded_list(f"/v1/charges/{state['id']}/refunds", refunds)
        return charge

    @cached_property
    def _refunds(self) -> dict[str, list[State]]:
        by_charge: dict[str, list[State]] = {}
        for refund in self.books.states("refund"):
            by_charge.setdefault(refund["charge"], []).append(refund)
        return by_charge

    def _customer(self, state: State) -> State:
        discount = state.get("discount")
        return serialize("customer", state | {
            "discount": serialize("discount", self._state("discount", discount)) if discount else None,
            "address": {"country": state.get("address_country")} if state.get("address_country") else None,
            "invoice_prefix": state["id"][-8:].upper(),
        })  # fmt: skip

    def _price(self, state: State, with_tiers: bool | None = None) -> State:
        price = serialize("price", state)
        if "tiers" in self.expand if with_tiers is None else with_tiers:
            price |= {"tiers": state["tiers"]} if "tiers" in state else {}
        if "currency_options" in self.expand:
            shown = ("custom_unit_amount", "tax_behavior", "unit_amount", "unit_amount_decimal")
            price["currency_options"] = {price["currency"]: {name: price[name] for name in shown}}
        return price

    def _coupon(self, state: State) -> State:
        coupon = serialize("coupon", state)
        if "currency_options" in self.expand:
            amount = coupon["amount_off"]
            coupon["currency_options"] = {} if amount is None else {coupon["currency"]: {"amount_off": amount}}
        return coupon

    def _discounts(self, identifiers: list[str], path: str) -> list[Any]:
        if path not in self.expand:
            return list(identifiers)
        return [serialize("discount", self._state("discount", identifier)) for identifier in identifiers]

    def _subscription(self, state: State) -> State:
        url = f"/v1/subscription_items?subscription={state['id']}"
        items = [self.item(item) for item in state["items"]]
        return serialize("subscription", state | {
            "items": embedded_list(url, items), "discounts": self._discounts(state["discounts"], "discounts"),
        })  # fmt: skip

    def _invoice(self, state: State) -> State:
        names = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        lines = [serialize("line_item", line) for line in state["lines"]]
        return serialize("invoice", state | {
            "lines": embedded_list(f"/v1/invoices/{state['id']}/lines", lines),
            "status_transitions": {name: state[name] for name in names},
        })  # fmt: skip

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.books.entries}

    def _dispute(self, state: State) -> State:
        shown = [balance_transaction(self._entries[key], self.at) for key in state["balance_transactions"]]
        return serialize("dispute", state | {"balance_transactions": shown})
