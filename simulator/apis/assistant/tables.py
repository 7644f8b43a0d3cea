"""The tables of an assistant's application, with names of its own, and how they map to the record contracts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = """
create table tenants (
    id text primary key, name text not null, description text, brand_voice text, store_url text, logo_url text,
    settings jsonb not null, widget_key text not null, updated_at timestamptz not null
);
create table chat_sessions (
    tenant_id text not null references tenants, id text not null, opened_at timestamptz not null, closed_at timestamptz,
    updated_at timestamptz not null, shopper_id text, browser_id text, web_session_id text, answer_variant text,
    locale text, rating smallint, cost_usd numeric(14, 6), primary key (tenant_id, id)
);
create table chat_messages (
    tenant_id text not null references tenants, id bigint not null, session_id text not null,
    created_at timestamptz not null, updated_at timestamptz not null, author text not null, content text not null,
    model text, prompt_tokens bigint, cached_tokens bigint, completion_tokens bigint, reasoning_tokens bigint,
    embedding_model text, embedding_tokens bigint, latency_ms integer, cost_usd numeric(14, 6),
    primary key (tenant_id, id)
);
create table product_analytics (
    tenant_id text not null references tenants, id bigint not null, created_at timestamptz not null,
    event_type text not null, product_ref text not null, product_name text, session_id text, message_id bigint,
    shopper_id text, browser_id text, web_session_id text, rank integer, updated_at timestamptz not null,
    primary key (tenant_id, id)
);
create index on chat_sessions (updated_at, id);
create index on chat_messages (updated_at, id);
create index on product_analytics (updated_at, id);
"""
KEYS: Mapping[str, Sequence[str]] = {
    "tenants": ("id",),
    "chat_sessions": ("tenant_id", "id"),
    "chat_messages": ("tenant_id", "id"),
    "product_analytics": ("tenant_id", "id"),
}
COLUMNS: Mapping[str, Sequence[str]] = {
    "tenants": (
        "id", "name", "description", "brand_voice", "store_url", "logo_url", "settings", "widget_key", "updated_at",
    ),
    "chat_sessions": (
        "tenant_id", "id", "opened_at", "closed_at", "updated_at", "shopper_id", "browser_id", "web_session_id",
        "answer_variant", "locale", "rating", "cost_usd",
    ),
    "chat_messages": (
        "tenant_id", "id", "session_id", "created_at", "updated_at", "author", "content", "model", "prompt_tokens",
        "cached_tokens", "completion_tokens", "reasoning_tokens", "embedding_model", "embedding_tokens", "latency_ms",
        "cost_usd",
    ),
    "product_analytics": (
        "tenant_id", "id", "created_at", "event_type", "product_ref", "product_name", "session_id", "message_id",
        "shopper_id", "browser_id", "web_session_id", "rank", "updated_at",
    ),
}  # fmt: skip
MAPPING: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "chat_sessions": ("chat_sessions", {
        "session_id": "id", "started_at": "opened_at", "ended_at": "closed_at", "updated_at": "updated_at",
        "customer_id": "shopper_id", "visitor_id": "browser_id", "visit_id": "web_session_id",
        "variant": "answer_variant", "language": "locale", "satisfaction": "rating", "reported_cost": "cost_usd",
    }),
    "chat_messages": ("chat_messages", {
        "message_id": "id", "session_id": "session_id", "created_at": "created_at", "updated_at": "updated_at",
        "role": "author", "model": "model", "input_tokens": "prompt_tokens", "cached_tokens": "cached_tokens",
        "output_tokens": "completion_tokens", "reasoning_tokens": "reasoning_tokens",
        "embedding_model": "embedding_model", "embedding_tokens": "embedding_tokens", "latency_ms": "latency_ms",
        "text": "content", "reported_cost": "cost_usd",
    }),
    "product_events": ("product_analytics", {
        "event_id": "id", "occurred_at": "created_at", "event_type": "event_type", "product_id": "product_ref",
        "product_name": "product_name", "session_id": "session_id", "message_id": "message_id",
        "customer_id": "shopper_id", "visitor_id": "browser_id", "visit_id": "web_session_id", "position": "rank",
    }),
    "store_profile": ("tenants", {
        "store_id": "id", "description": "description", "brand_voice": "brand_voice", "store_url": "store_url",
        "logo_url": "logo_url", "temperature": "settings.temperature", "max_products": "settings.max_products",
        "updated_at": "updated_at",
    }),
}  # fmt: skip
"""For each record contract the table and its columns, by the contract's field."""
TENANT_COLUMN = {"store_profile": "id"}
"""The column with the tenant, of a contract whose table has another than `tenant_id`."""


def mapping(account: str) -> dict[str, dict[str, Any]]:
    """How takings.toml maps the tables to the record contracts, for one tenant of the application."""
    result: dict[str, dict[str, Any]] = {}
    for contract, (table, columns) in MAPPING.items():
        tenant = {"column": TENANT_COLUMN.get(contract, "tenant_id"), "value": account}
        result[contract] = {"table": table, "tenant": tenant, "columns": dict(columns)}
        if "updated_at" not in columns:
            result[contract]["changed_at"] = "updated_at"
    return result
