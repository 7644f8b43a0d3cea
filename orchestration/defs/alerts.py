"""The alert rules as checks of the published build. A rule that fires is a warning and blocks nothing."""

from collections.abc import Iterator

import dagster as dg

from orchestration import alerts
from orchestration.defs.common import configuration
from orchestration.defs.publish import BUILD
from semantic.alerts import rules


def checks() -> dg.AssetChecksDefinition:
    """One check per rule, over all tenants; one step evaluates all of them."""
    every = rules.load()
    specs = [
        dg.AssetCheckSpec(_name(rule.name), asset=BUILD, description=f"{rule.why} {rule.advice}") for rule in every
    ]

    @dg.multi_asset_check(name="alerts", specs=specs)
    def evaluate() -> Iterator[dg.AssetCheckResult]:
        evaluated = alerts.evaluate_tenants(configuration())
        for rule in every:
            of_rule = [alert for alert in evaluated if alert.rule.name == rule.name]
            yield dg.AssetCheckResult(
                asset_key=BUILD,
                check_name=_name(rule.name),
                passed=all(alert.state != "firing" for alert in of_rule),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={alert.tenant_id: f"{alert.state}: {alert.text}" for alert in of_rule},
            )

    return evaluate


def _name(rule: str) -> str:
    return f"alert_{rule}"
