"""Measures of cells: against scikit-image, against the geometry, and whatever the numbers are."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import regionprops_table

from cartocell_app.morphology import slabs
from cartocell_app.morphology.cells import measure_cells
from cartocell_app.morphology.measures import MEASURES, measure_named
from cartocell_app.morphology.surfaces import cell_surfaces
from cartocell_app.stacks.reading import read_labels
from tests.morphology.solids import ball
from tests.segmentation.toy_cysts import VOXEL_UM, shell

LABELS = arrays(np.uint16, st.tuples(*[st.integers(1, 5)] * 3), elements=st.integers(0, 4))


def check_against_skimage(cells, labels, voxel_um):
    known = regionprops_table(
        labels.astype(np.int64), properties=("label", "area", "centroid"), spacing=tuple(voxel_um)
    )
    assert cells["label"].tolist() == known["label"].tolist()
    assert cells["volume_um3"].to_numpy() == pytest.approx(known["area"])
    # Theirs is measured from the centre of the first voxel.
    for number, axis in enumerate("zyx"):
        assert cells[f"centroid_{axis}_um"].to_numpy() == pytest.approx(
            known[f"centroid-{number}"] + voxel_um[number] / 2
        )


def test_the_real_embryo(shared_data):
    labels, voxel_size = read_labels(shared_data / "real" / "embryo_manual_label.tif")
    assert voxel_size is None
    voxel_um = (0.5, 0.2, 0.2)
    cells = measure_cells(labels, voxel_um)
    assert len(cells) == 78
    check_against_skimage(cells, labels, voxel_um)


@given(LABELS, st.tuples(*[st.floats(0.1, 3)] * 3))
@settings(max_examples=40, deadline=None)
def test_volumes_and_centres_are_those_of_skimage(labels, voxel_um):
    cells = measure_cells(labels, voxel_um)
    assert list(cells.columns) == [measure.name for measure in MEASURES]
    assert [str(kind) for kind in cells.dtypes] == [measure.dtype for measure in MEASURES]
    if labels.any():
        check_against_skimage(cells, labels, voxel_um)
    else:
        assert cells.empty


@given(LABELS, st.permutations([1, 9, 300, 4_000_000_000]))
@settings(max_examples=30, deadline=None)
def test_other_numbers_give_the_same_measures(labels, names):
    number = np.array([0, *names], np.uint32)
    before, after = measure_cells(labels, VOXEL_UM), measure_cells(number[labels], VOXEL_UM)
    renamed = before.assign(label=number[before["label"]].astype(np.int64)).sort_values("label", ignore_index=True)
    measures = [measure.name for measure in MEASURES if measure.name != "neighbour_labels"]
    pd.testing.assert_frame_equal(renamed[measures], after[measures])


def test_a_shell_of_equal_cells():
    cells = measure_cells(shell(20), VOXEL_UM)
    volume_um3 = 4 / 3 * np.pi * (15**3 - 7**3) / 20
    assert cells["volume_um3"].mean() == pytest.approx(volume_um3, rel=0.01)
    # A map of 20 countries on a ball has at most 54 borders (Euler), all of which a regular one has.
    assert cells["neighbours"].sum() == pytest.approx(2 * 54, abs=2)
    assert not cells["touches_border"].any()
    one = cells.iloc[0]
    assert len(one["neighbour_labels"].split(", ")) == one["neighbours"]
    assert 0 < one["contact_um2"] < one["surface_um2"]


def test_diameter_of_a_ball():
    (diameter_um,) = measure_cells(ball(VOXEL_UM, 6.0), VOXEL_UM)["equivalent_diameter_um"]
    assert diameter_um == pytest.approx(12, rel=0.01)


def test_a_cell_in_pieces_is_one_cell_and_a_voxel_is_a_cell():
    labels = np.zeros((7, 7, 9), np.uint32)
    labels[1, 1, 1], labels[5, 5, 7] = 5, 5
    labels[3, 3, 4] = 2
    cells = measure_cells(labels, (2.0, 1.0, 1.0)).set_index("label")
    assert cells.loc[5, "volume_um3"] == 4
    assert cells.loc[5, ["centroid_z_um", "centroid_y_um", "centroid_x_um"]].tolist() == [7, 3.5, 4.5]
    assert cells.loc[2, "volume_um3"] == 2
    assert cells.loc[2, "neighbours"] == 0
    assert cells.loc[2, "neighbour_labels"] == ""
    assert cells.loc[2, "surface_um2"] > 0


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("end", [0, -1])
def test_touching_the_frame(axis, end):
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[2, 2, 2] = 1
    place = [1, 1, 1]
    place[axis] = end
    labels[tuple(place)] = 2
    assert measure_cells(labels, VOXEL_UM)["touches_border"].tolist() == [False, True]


def test_slabs_make_no_difference(monkeypatch):
    labels = shell(20)
    whole = measure_cells(labels, VOXEL_UM)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", labels[0].size * 7)
    pd.testing.assert_frame_equal(measure_cells(labels, VOXEL_UM), whole)


@pytest.mark.parametrize("labels", [np.zeros((3, 3)), np.zeros((2, 2, 2)), np.full((2, 2, 2), -1)])
def test_what_is_no_label_volume(labels):
    with pytest.raises(ValueError, match=r"volume of whole numbers|negative"):
        measure_cells(labels, VOXEL_UM)


def test_the_unit_in_a_name_is_that_of_the_header():
    suffixes = {"µm³": "_um3", "µm²": "_um2", "µm": "_um", "": ""}
    for measure in MEASURES:
        assert measure.name.endswith(suffixes[measure.unit])
        assert measure.unit in measure.header
        assert measure.words.endswith(".")
    with pytest.raises(KeyError):
        measure_named("volume")


def test_centres_are_those_of_the_surfaces():
    labels = ball(VOXEL_UM, 6.0)
    centre_um = measure_cells(labels, VOXEL_UM)[["centroid_z_um", "centroid_y_um", "centroid_x_um"]].to_numpy()
    assert cell_surfaces(labels, VOXEL_UM).vertices_um.mean(axis=0) == pytest.approx(centre_um[0], abs=0.2)
