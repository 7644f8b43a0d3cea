"""What a build leaves out of dbt is there again afterwards, also when the build fails."""

from __future__ import annotations

import pytest
from dbt.config.project import ProjectFlags
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.dataclass_schema import ValidationError

from orchestration import dbt_lean

WRONG = {"use_colors": "certainly"}


def test_dbt_judges_files_again_after_a_build_that_fails() -> None:
    with pytest.raises(RuntimeError), dbt_lean.building():
        ProjectFlags.validate(WRONG)
        assert not BehaviorFlagRendered._default_source()
        raise RuntimeError
    with pytest.raises(ValidationError):
        ProjectFlags.validate(WRONG)
    assert BehaviorFlagRendered._default_source() == __name__
