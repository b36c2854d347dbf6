"""Numbers in words, filters that are typed, doubts as sentences, and names of files."""

import numpy as np
import pytest

from cartocell_app.desktop.results.doubts import doubts_of
from cartocell_app.desktop.results.exporting import export_paths, fiji_name
from cartocell_app.desktop.results.filtering import filtered
from cartocell_app.desktop.results.words import count_words, number_words, value_words, with_unit
from cartocell_app.errors import UserError
from cartocell_app.jobs.curation import curate
from cartocell_app.morphology.cells import measure_cells
from cartocell_app.morphology.measures import measure_named
from tests.segmentation.toy_cysts import VOXEL_UM, shell


@pytest.fixture(scope="module")
def cells():
    return measure_cells(shell(20)[6:], VOXEL_UM)


def test_numbers_in_words():
    assert number_words(75306.11, 0) == "75\u202f306"
    assert number_words(1.0, 2) == "1.00"
    assert number_words(float("nan"), 1) == "–"
    assert number_words(None, 1) == "–"
    assert with_unit(12.345, 1, "µm") == "12.3\u00a0µm"
    assert with_unit(float("nan"), 1, "µm") == "–"
    assert (count_words(1, "cell"), count_words(3, "cell")) == ("1 cell", "3 cells")
    assert value_words(True, measure_named("touches_border")) == "yes"
    assert value_words(np.int64(6), measure_named("neighbours")) == "6"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", lambda table: np.ones(len(table), bool)),
        ("3, 17", lambda table: table["label"].isin([3, 17])),
        ("volume > 500", lambda table: table["volume_um3"] > 500),
        ("Vol >= 500,5", lambda table: table["volume_um3"] >= 500.5),
        ("volume_um3<400", lambda table: table["volume_um3"] < 400),
        ("neighbours = 5 and whole", lambda table: (table["neighbours"] == 5) & ~table["touches_border"]),
        ("frame; surface < 300", lambda table: table["touches_border"] & (table["surface_um2"] < 300)),
    ],
)
def test_filters(cells, text, expected):
    assert filtered(cells, text).tolist() == expected(cells).tolist()


@pytest.mark.parametrize("text", ["beauty > 3", "volume >", "volume > much", "> 3"])
def test_filters_that_are_not_understood(cells, text):
    with pytest.raises(UserError, match=r"volume > 800"):
        filtered(cells, text)


def test_doubts_are_sentences_with_their_cells():
    labels = shell(20)
    odd = np.where(labels == 5, 0, labels)
    odd[(labels == 7) & (np.arange(len(labels)) % 5 == 0)[:, None, None]] = 0
    report = curate(odd, VOXEL_UM)
    doubts = doubts_of(report)
    assert doubts[0].sentence.startswith("The lumen is open")
    assert doubts[0].cells == ()
    (pieces,) = (doubt for doubt in doubts if "pieces" in doubt.sentence)
    assert (pieces.sentence, pieces.cells) == ("1 cell is in several pieces", (7,))
    cut = doubts_of(curate(labels[10:], VOXEL_UM))
    assert any(doubt.sentence.startswith("The frame cuts") and doubt.cells for doubt in cut)
    assert doubts_of(curate(labels, VOXEL_UM)) == ()


def test_names_that_fiji_takes(tmp_path):
    assert fiji_name("Cyst 4d filt 2po Pha,Bcat 02.08.19 Z6") == "Cyst_4d_filt_2po_Pha_Bcat_02.08.19_Z6"
    assert fiji_name("Quiste ñ/é:1") == "Quiste_n_e_1"
    assert fiji_name("嚢胞") == "cyst"
    assert [path.name for path in export_paths("a b", ["labels", "picture"], tmp_path)] == [
        "a_b_cells.tif",
        "a_b_overview.png",
    ]
