"""`takings pull --source … --tenant …`: the part of the configuration that is pulled."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import ConfigurationError
from orchestration import settings
from orchestration.selection import only
from orchestration.settings import Settings

TENANT = '[[tenants]]\nid = "{0}"\nname = "{0}"\ntime_zone = "UTC"\ncurrency = "USD"\n'
SOURCE = '[[tenants.sources]]\nkind = "{1}"\naccount = "{0}"\nsecret = "file:{0}.{1}"\n'


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    """aurora with Shopify and Stripe, nordlicht with Shopify; only the Stripe key is there."""
    text = TENANT + SOURCE
    stripe = SOURCE.format("aurora", "stripe")
    path = tmp_path / "takings.toml"
    path.write_text(text.format("aurora", "shopify") + stripe + text.format("nordlicht", "shopify"))
    (tmp_path / "aurora.stripe").write_text("sk_live_1")
    return settings.load(path)


@pytest.mark.parametrize(
    ("source", "tenant", "expected"),
    [
        ("stripe", None, [("aurora", "stripe")]),
        ("shopify", None, [("aurora", "shopify"), ("nordlicht", "shopify")]),
        (None, "aurora", [("aurora", "shopify"), ("aurora", "stripe")]),
        ("shopify", "nordlicht", [("nordlicht", "shopify")]),
        (None, None, [("aurora", "shopify"), ("aurora", "stripe"), ("nordlicht", "shopify")]),
    ],
)
def test_source_and_tenant_choose_the_accounts(
    configured: Settings, source: str | None, tenant: str | None, expected: list[tuple[str, str]]
) -> None:
    assert [(owner.id, item.kind) for owner, item in only(configured, source, tenant).sources()] == expected


def test_other_sources_need_no_secret(configured: Settings) -> None:
    assert [account.secret for account in only(configured, "stripe").accounts()] == ["sk_live_1"]
    with pytest.raises(ConfigurationError, match=r"The secret of the shopify account .* is missing"):
        configured.accounts()


@pytest.mark.parametrize(
    ("source", "tenant", "message"),
    [
        ("strpe", None, "Unknown source 'strpe'.*Choose from: shopify, stripe"),
        ("tiktok_ads", None, r"'tiktok_ads' is not configured: .*takings\.toml configures shopify, stripe"),
        ("stripe", "nordlicht", r"'stripe' is not configured for tenant nordlicht: .*configures shopify\."),
        ("stripe", "nobody", "There is no tenant 'nobody'"),
    ],
)
def test_source_that_cannot_be_pulled_is_named_with_those_that_can(
    configured: Settings, source: str, tenant: str | None, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        only(configured, source, tenant)
