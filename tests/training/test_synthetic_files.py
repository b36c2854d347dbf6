"""Data sets of synthetic specimens: of every preset, and only what can be drawn."""

import numpy as np
import pandas as pd
import pytest
import tifffile

from cartocell_app.errors import UserError
from training.specimens import PRESETS
from training.synthetic_files import SyntheticChoices, write_synthetic

SMALL = {"voxel_um": (2.0, 2.0, 2.0), "shape": (20, 24, 28)}


def test_every_preset_is_written_with_its_truth(tmp_path):
    pictures = write_synthetic(tmp_path, SyntheticChoices(tuple(PRESETS), len(PRESETS), 7, **SMALL))
    table = pd.read_csv(tmp_path / "cysts.csv")
    assert table["preset"].tolist() == list(PRESETS)
    for picture, row in zip(pictures, table.itertuples(), strict=True):
        labels = tifffile.imread(tmp_path / "y" / picture.name)
        assert tifffile.imread(picture).shape == labels.shape == (20, 24, 28)
        assert labels.max() == row.cells >= row.cells_of_main > 0
        assert not (labels[tifffile.imread(tmp_path / "lumen" / picture.name) > 0]).any()


def test_16_bits_are_written_as_asked_for(tmp_path):
    (picture,) = write_synthetic(tmp_path, SyntheticChoices(("dense",), 1, 7, bits=16, **SMALL))
    assert tifffile.imread(picture).dtype == np.uint16


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (SyntheticChoices(("sheets",)), "no preset 'sheets'"),
        (SyntheticChoices(("4d",), cysts=2), "needs a size"),
        (SyntheticChoices(("4d", "tube"), cysts=2, **SMALL), "cysts or clumps, not other tissues"),
    ],
)
def test_what_cannot_be_drawn_is_the_users_mistake(tmp_path, choices, sentence):
    with pytest.raises(UserError, match=sentence):
        write_synthetic(tmp_path / "none", choices)
    assert not (tmp_path / "none").exists()
