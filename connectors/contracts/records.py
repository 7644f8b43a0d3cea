"""The contracts themselves. Data, and the rules between the fields of a record."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contracts.fields import Contract, Field, Kind

LONGEST_TEXT = 1_000_000  # characters of a message
VISITOR = (Field("customer_id", Kind.ID), Field("visitor_id", Kind.ID), Field("visit_id", Kind.ID))
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")


def _session(values: Mapping[str, str]) -> str | None:
    ended = values.get("ended_at")
    if ended is not None and ended.rstrip("Z") < values["started_at"].rstrip("Z"):  # without parts of a second: earlier
        return f"ended_at lies before started_at: {ended}, {values['started_at']}"
    return None


def _message(values: Mapping[str, str]) -> str | None:
    for part, whole in (("cached_tokens", "input_tokens"), ("reasoning_tokens", "output_tokens")):
        if whole in values and int(values.get(part, 0)) > int(values[whole]):
            return f"{part} is more than {whole}, which includes it: {values[part]}, {values[whole]}"
    return None


def _log_entry(values: Mapping[str, str]) -> str | None:
    if values["funnel_stage"] == "purchase" and "sale_amount" not in values:
        return "sale_amount is missing, and funnel_stage is purchase"
    return None


CHAT_SESSIONS = Contract(
    name="chat_sessions",
    key="session_id",
    version="updated_at",
    check=_session,
    fields=(
        Field("session_id", Kind.ID, required=True),
        Field("started_at", Kind.INSTANT, required=True),
        Field("ended_at", Kind.INSTANT),
        Field("updated_at", Kind.INSTANT),
        *VISITOR,
        Field("variant", Kind.TEXT, longest=100),
        Field("language", Kind.TEXT, longest=100),
        Field("satisfaction", Kind.COUNT, least=1, most=5),
        Field("reported_cost", Kind.COST, most=10**6, column="reported_cost_micros"),
    ),
)
CHAT_MESSAGES = Contract(
    name="chat_messages",
    key="message_id",
    version="updated_at",
    private="text",
    check=_message,
    fields=(
        Field("message_id", Kind.ID, required=True),
        Field("session_id", Kind.ID, required=True),
        Field("created_at", Kind.INSTANT, required=True),
        Field("updated_at", Kind.INSTANT),
        Field("role", Kind.WORD, required=True, words=("user", "assistant", "system", "tool")),
        Field("model", Kind.TEXT, longest=200),
        *(Field(name, Kind.COUNT, most=10**9) for name in TOKENS),
        Field("embedding_model", Kind.TEXT, longest=200),
        Field("embedding_tokens", Kind.COUNT, most=10**9),
        Field("latency_ms", Kind.MILLISECONDS, most=10**9),
        Field("text", Kind.TEXT, longest=LONGEST_TEXT),
        Field("text_length", Kind.COUNT, most=10**9),
        Field("reported_cost", Kind.COST, most=10**6, column="reported_cost_micros"),
    ),
)
PRODUCT_EVENTS = Contract(
    name="product_events",
    key="event_id",
    fields=(
        Field("event_id", Kind.ID, required=True),
        Field("occurred_at", Kind.INSTANT, required=True),
        Field("event_type", Kind.WORD, required=True, words=("recommended", "inquired", "clicked")),
        Field("product_id", Kind.ID, required=True),
        Field("product_name", Kind.TEXT),
        Field("session_id", Kind.ID),
        Field("message_id", Kind.ID),
        *VISITOR,
        Field("position", Kind.COUNT, most=10**6),
    ),
)
EVENT_LOG = Contract(
    name="event_log",
    key=None,
    check=_log_entry,
    fields=(
        Field("vault_id", Kind.ID, required=True),
        Field("niche", Kind.TEXT),
        Field("product_name", Kind.TEXT),
        Field("ai_prompt_version", Kind.TEXT),
        Field("ai_style", Kind.TEXT),
        Field("ai_generation_success", Kind.FLAG),
        Field("ai_latency", Kind.SECONDS, most=10**6, column="ai_latency_micros"),
        Field("ai_version", Kind.TEXT),
        Field("sale_datetime", Kind.INSTANT, required=True),
        Field("sale_amount", Kind.USD),
        Field("refund", Kind.FLAG),
        Field("refund_reason", Kind.TEXT, longest=2000),
        Field("language", Kind.TEXT, longest=100),
        Field("country", Kind.COUNTRY),
        Field("customer_type", Kind.WORD, words=("first_time", "repeat")),
        Field("delivery_success", Kind.FLAG),
        Field("funnel_stage", Kind.WORD, required=True, words=("visit", "cart", "purchase", "refund")),
        Field("visit_id", Kind.ID),
    ),
)
VAULT_COSTS = Contract(
    name="vault_costs",
    key=None,
    fields=(
        Field("day", Kind.DAY, required=True),
        Field("amount", Kind.AMOUNT, required=True, least=-(10**12)),  # a credit is negative
        Field("currency", Kind.CURRENCY, required=True),
        Field("category", Kind.TEXT, longest=200),
        Field("vault_id", Kind.ID),
        Field("niche", Kind.TEXT),
        Field("product_name", Kind.TEXT),
    ),
)
STORE_PROFILE = Contract(
    name="store_profile",
    key="store_id",
    version="updated_at",
    fields=(
        Field("store_id", Kind.ID, required=True),
        Field("description", Kind.TEXT, longest=10_000),
        Field("brand_voice", Kind.TEXT, longest=10_000),
        Field("store_url", Kind.TEXT, longest=2000),
        Field("logo_url", Kind.TEXT, longest=2000),
        Field("temperature", Kind.DECIMAL, most=2),
        Field("max_products", Kind.COUNT, most=1000),
        Field("updated_at", Kind.INSTANT),
    ),
)
CONTRACTS = (CHAT_SESSIONS, CHAT_MESSAGES, PRODUCT_EVENTS, VAULT_COSTS, EVENT_LOG)
"""The contracts that every way of delivery has; `store_profile` is read from a database only."""
