import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.stacks.voxel_size import LARGEST_UM, SMALLEST_UM, VoxelSize, known_voxel_size, um_per_unit

possible_um = st.floats(SMALLEST_UM, LARGEST_UM)
any_number = st.floats(allow_nan=True, allow_infinity=True)


def test_parts_in_order_with_volume_and_words():
    voxel_size = VoxelSize(0.7, 0.6151658, 0.5, "ImageJ tag")
    assert tuple(voxel_size) == voxel_size.zyx_um == (0.7, 0.6151658, 0.5)
    assert voxel_size.volume_um3 == pytest.approx(0.7 * 0.6151658 * 0.5)
    assert str(voxel_size) == "0.7 × 0.6152 × 0.5 µm (z, y, x; ImageJ tag)"


@pytest.mark.parametrize("wrong", [0.0, -0.5, math.nan, math.inf, -math.inf, SMALLEST_UM / 2, LARGEST_UM * 2])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_impossible_length_is_refused_with_its_axis(axis: int, wrong: float):
    lengths_um = [0.5, 0.5, 0.5]
    lengths_um[axis] = wrong
    with pytest.raises(ValueError, match=f"along {'zyx'[axis]}"):
        VoxelSize(*lengths_um, source="test")


@pytest.mark.parametrize(
    ("unit", "um"),
    [
        ("µm", 1),  # U+00B5, micro sign
        ("μm", 1),  # U+03BC, Greek mu
        ("\\u00B5m", 1),  # as ImageJ escapes it
        ("Micron", 1),
        ("um\x00", 1),
        (" micrometer ", 1),
        ("nm", 1e-3),
        ("pm", 1e-6),
        ("mm", 1e3),
        ("cm", 1e4),
        ("inch", 25_400),
        ("m", 1e6),
    ],
)
def test_spellings_of_units(unit: str, um: float):
    assert um_per_unit(unit) == pytest.approx(um)


@pytest.mark.parametrize("unit", [None, "", " ", "pixel", "voxel", "parsec"])
def test_words_that_are_no_length(unit: str | None):
    assert um_per_unit(unit) is None


def test_placeholder_of_readers_is_unknown():
    assert known_voxel_size(1.0, 1.0, 1.0, "OME metadata") is None
    assert known_voxel_size(2.0, 1.0, 1.0, "OME metadata") == VoxelSize(2.0, 1.0, 1.0, "OME metadata")


@pytest.mark.parametrize("missing", [(None, 0.5, 0.5), (0.5, None, 0.5), (0.5, 0.5, None), (None, None, None)])
def test_a_missing_length_makes_all_unknown(missing: tuple[float | None, float | None, float | None]):
    assert known_voxel_size(*missing, "CZI") is None


@given(z=any_number, y=any_number, x=any_number)
def test_a_claim_is_taken_whole_or_not_at_all(z: float, y: float, x: float):
    known = known_voxel_size(z, y, x, "test")
    possible = all(SMALLEST_UM <= length <= LARGEST_UM for length in (z, y, x)) and (z, y, x) != (1, 1, 1)
    assert (known is not None) == possible
    if known is not None:
        assert (known.zyx_um, known.source) == ((z, y, x), "test")


@given(z=possible_um, y=possible_um, x=possible_um)
def test_every_possible_size_can_be_made(z: float, y: float, x: float):
    assert VoxelSize(z, y, x, "test").volume_um3 > 0
