"""Generated types of each family: a value is converted by the rules or does not fit, or the type is refused."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, strategies as st

from streamjson._errors import StructureError
from streamjson._typed.validate import structurer
from types_reference import FAMILIES, MisfitError, facts, specs, values


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_a_generated_type_follows_the_rules_or_is_refused(family: str, data: st.DataObject) -> None:
    spec = data.draw(specs(family))
    if spec.is_refused():
        with pytest.raises(TypeError):
            structurer(spec.into)
        return
    structure = structurer(spec.into)
    for value in data.draw(st.lists(values(spec), min_size=1, max_size=5)):
        before = copy.deepcopy(value)
        try:
            expected = facts(spec.check(value))
        except MisfitError:
            with pytest.raises(StructureError):
                structure(value)
        else:
            assert facts(structure(value)) == expected
        assert value == before
