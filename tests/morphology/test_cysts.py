"""The numbers of a whole cyst, of known geometry."""

import numpy as np
import pytest

from cartocell_app.morphology.cells import measure_cells
from cartocell_app.morphology.cysts import measure_cyst
from cartocell_app.morphology.measures import CYST_MEASURES
from tests.segmentation.toy_cysts import VOXEL_UM, shell


def measured(labels):
    cells = measure_cells(labels, VOXEL_UM)
    values = measure_cyst(labels, VOXEL_UM, cells)
    assert list(values) == [measure.name for measure in CYST_MEASURES]
    return values, cells


def test_a_closed_shell():
    values, cells = measured(shell(20))
    assert values["cells"] == 20
    assert values["cells_at_border"] == 0
    assert (values["lumen"], values["lumens"]) == ("closed", 1)
    assert values["lumen_um3"] == pytest.approx(4 / 3 * np.pi * 7**3, rel=0.02)
    assert values["outer_diameter_um"] == pytest.approx(30, rel=0.01)
    assert values["tissue_um3"] == pytest.approx(cells["volume_um3"].sum())
    assert values["mean_volume_um3"] == pytest.approx(cells["volume_um3"].mean())
    assert values["sd_volume_um3"] == pytest.approx(np.std(cells["volume_um3"], ddof=1))


def test_an_open_lumen_has_no_volume():
    labels = shell(20)
    values, _ = measured(np.where(labels == 5, 0, labels))
    assert values["lumen"] == "open"
    assert np.isnan(values["lumen_um3"])
    assert values["outer_diameter_um"] == pytest.approx(30, rel=0.05)


@pytest.mark.parametrize("is_open", [False, True])
def test_a_gap_in_the_wall_is_no_lumen(is_open):
    labels = shell(40, inner_um=14, outer_um=24)
    z, y, x = (n // 2 for n in labels.shape)
    labels[z - 2 : z + 3, y - 2 : y + 3, x + 28 : x + 33] = 0  # 31 µm³, closed on all sides
    if is_open:
        labels[z:, y - 2 : y + 3, x - 2 : x + 3] = 0
    values, _ = measured(labels)
    assert (values["lumen"], values["lumens"]) == ("open" if is_open else "closed", 1)
    assert values["outer_diameter_um"] == pytest.approx(48, rel=0.01)
    if not is_open:
        assert values["lumen_um3"] == pytest.approx(4 / 3 * np.pi * 14**3, rel=0.02)


def test_a_very_small_lumen_is_a_lumen():
    values, _ = measured(shell(20, inner_um=2.4, outer_um=15))
    assert (values["lumen"], values["lumens"]) == ("closed", 1)


def test_means_leave_out_cells_that_the_frame_cuts():
    values, cells = measured(shell(20)[10:])
    assert values["cells_at_border"] == cells["touches_border"].sum() > 0
    assert values["mean_volume_um3"] == pytest.approx(cells.loc[~cells["touches_border"], "volume_um3"].mean())


def test_no_cells():
    values, _ = measured(np.zeros((5, 6, 7), np.uint16))
    assert values["cells"] == 0
    assert values["tissue_um3"] == 0
    assert values["lumen"] == "none"
    assert np.isnan(values["mean_volume_um3"])
    assert np.isnan(values["outer_diameter_um"])
