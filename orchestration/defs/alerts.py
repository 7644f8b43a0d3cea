"""The alert rules as checks of the published build: a rule that fires is a warning, and stops nothing."""

import dagster as dg

from orchestration import alerts
from orchestration.defs.common import configuration
from orchestration.defs.publish import BUILD
from semantic.alerts import rules
from semantic.alerts.rules import Rule


def checks() -> list[dg.AssetChecksDefinition]:
    """One check a rule, over all tenants."""
    return [_check(rule) for rule in rules.load()]


def _check(rule: Rule) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=BUILD, name=f"alert_{rule.name}", description=f"{rule.why} {rule.advice}")
    def check() -> dg.AssetCheckResult:
        found = [alert for alert in alerts.look(configuration()) if alert.rule.name == rule.name]
        return dg.AssetCheckResult(
            passed=all(alert.state != "firing" for alert in found),
            severity=dg.AssetCheckSeverity.WARN,
            metadata={alert.tenant_id: f"{alert.state}: {alert.text}" for alert in found},
        )

    return check
