"""The sixth chapter, Result files: what is in real folders of results is what it says, no more and no less."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PySide6.QtWidgets import QFileDialog

from cartocell_app.desktop.results.export_dialog import ExportDialog
from cartocell_app.stacks.reading import read
from tests.conftest import Answer
from tests.desktop.guide.following import Reader, chapter, files_below
from tests.desktop.guide.test_chapters import columns, documented, part

RESULTS = "6-results.md"

pytestmark = pytest.mark.slow


@pytest.fixture
def results(cyst_folder: Path, cartocell: Callable[..., Answer]) -> Path:
    """Folder that `cartocell segment` wrote."""
    folder = cyst_folder / "results"
    assert cartocell("segment", cyst_folder / "x", "-o", folder).code == 0
    return folder


def test_each_file_of_a_segmentation_is_told_and_holds_what_is_told(
    results: Path, cyst_folder: Path, cartocell: Callable[..., Answer]
) -> None:
    name = "7d.4C.8_2"
    told = set(documented(part(RESULTS, "What a segmentation writes")))
    assert {path.replace(name, "NAME") for path in files_below(results)} == told

    text = chapter(6)
    assert "on the grid of the input, and open in Fiji with the right scale" in text
    raw = read(cyst_folder / "x" / f"{name}.tif")
    cells = read(results / "per_image_instances_voronoi" / f"{name}.tif")
    before = tifffile.imread(results / "per_image_instances" / f"{name}.tif")
    assert cells.shape == before.shape == raw.shape
    assert cells.voxel_size.zyx_um == pytest.approx(raw.voxel_size.zyx_um, rel=1e-4)
    assert "they touch; 0 is lumen and outside, each other number a cell (16 bit; 32 bit above 65,535 cells)" in text
    assert cells.data.dtype == before.dtype == np.uint16
    assert "the cells after the watershed, before Voronoi; same numbers" in text
    assert set(np.unique(before)) == set(np.unique(cells.data))
    overlap = (before == cells.data) & (before > 0)
    assert overlap.sum() > 0.9 * (before > 0).sum()
    assert "interior B, contour C, tissue M; probabilities from 0 to 1" in text
    maps = tifffile.imread(results / "per_image" / f"{name}.tif")
    assert maps.size == 3 * raw.data.size
    assert 0 <= maps.min() < maps.max() <= 1

    assert "versions, settings, model and its hash, hashes of the inputs, device, time: all to repeat it" in text
    record = json.loads((results / "run.json").read_text(encoding="utf-8"))
    assert {"program", "settings", "profile", "model", "stacks", "device", "time"} <= set(record)
    assert len(record["model"]["sha256"]) == len(record["stacks"][name]["sha256_of_voxels"]) == 64
    assert "remembers that the stack is done; delete it to have it done again" in text
    again = ("segment", cyst_folder / "x", "-o", results)
    before_ns = (results / "per_image" / f"{name}.tif").stat().st_mtime_ns
    assert cartocell(*again).code == 0
    assert (results / "per_image" / f"{name}.tif").stat().st_mtime_ns == before_ns
    (results / "records" / f"{name}.json").unlink()
    assert cartocell(*again).code == 0
    assert (results / "per_image" / f"{name}.tif").stat().st_mtime_ns > before_ns


def test_tables_of_measure_have_the_columns_that_are_told(results: Path, cartocell: Callable[..., Answer]) -> None:
    out = results / "numbers"
    assert cartocell("measure", results, "-o", out).code == 0
    assert "writes `cells.csv`, `contacts.csv` and `cysts.csv` for many, all three in `measurements.xlsx`" in chapter(6)
    assert files_below(out) == {"cells.csv", "contacts.csv", "cysts.csv", "measurements.json", "measurements.xlsx"}
    assert {"Cells", "Contacts", "Cysts"} <= set(pd.read_excel(out / "measurements.xlsx", sheet_name=None))
    for table, heading in (("cells", "Cells"), ("contacts", "Contacts"), ("cysts", "Cysts")):
        assert columns(out / f"{table}.csv") == {"cyst", *documented(part(RESULTS, heading))}, heading

    cells, contacts, cysts = (pd.read_csv(out / f"{table}.csv") for table in ("cells", "contacts", "cysts"))
    stack = read(results / "per_image_instances_voronoi" / "7d.4C.8_2.tif")
    sizes = pd.Series(stack.data[stack.data > 0]).value_counts()
    volume = cells.set_index("label")["volume_um3"]
    expected = sizes.sort_index() * np.prod(stack.voxel_size.zyx_um)
    assert volume.sort_index().to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-3)
    assert not contacts.duplicated(["label", "neighbour"]).any()
    assert (contacts["label"] < contacts["neighbour"]).all()
    inner = cells[~cells["touches_border"]]
    assert cysts["mean_volume_um3"][0] == pytest.approx(inner["volume_um3"].mean(), rel=1e-4)
    assert cysts["sd_volume_um3"][0] == pytest.approx(inner["volume_um3"].std(ddof=1), rel=1e-4)


def test_exports_of_the_window_have_the_files_and_columns_that_are_told(
    sample_project: Path, reader: Callable[[int], Reader], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    she = reader(6)
    she.project.remove_samples([one.id for one in she.project.samples() if not one.name.endswith(("high_1", "high_2"))])
    she.click_sample("high_1")
    she.reads("Export results writes `NAME_cells.csv`, `NAME_contacts.csv` and `NAME_cyst.csv` for one cyst")
    she.click("Export results")
    asked = she.dialog(ExportDialog)
    asked.folder.setText(str(tmp_path / "one"))
    for box in asked.boxes.values():
        box.setChecked(True)
    she.click(r"Export \d+ files and 1 folder", asked)
    name = "synthetic_4d_high_1"
    told = {file for file in documented(part(RESULTS, "Other exports")) if file.startswith("NAME")}
    told |= {"NAME_cells.csv", "NAME_contacts.csv", "NAME_cyst.csv", "NAME_measurements.xlsx"}
    she.wait((tmp_path / "one").is_dir)
    she.wait(lambda: {path.name.replace(name, "NAME") for path in (tmp_path / "one").iterdir()} == told)
    for ending, heading in (("cells", "Cells"), ("contacts", "Contacts")):
        assert columns(tmp_path / "one" / f"{name}_{ending}.csv") == set(documented(part(RESULTS, heading)))

    she.reads("From View, All cysts: `cysts.csv`, `cells.csv` and `measurements.xlsx`")
    she.choose("View", "All cysts")
    (tmp_path / "all").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "all"))
    batch = she.window.load_panels().batch
    she.click("Export tables", batch)
    she.wait(lambda: len(files_below(tmp_path / "all")) == 3)
    facts, measured = documented(part(RESULTS, "Export of all cysts")), documented(part(RESULTS, "Cysts"))
    known = {*measured, *documented(part(RESULTS, "Cells")), *facts}
    assert columns(tmp_path / "all" / "cysts.csv") <= known
    assert columns(tmp_path / "all" / "cells.csv") <= known
