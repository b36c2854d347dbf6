import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cartocell_app.desktop.guide.chapters import FOLDER, anchor_of, read_guide
from cartocell_app.desktop.results.batch import FACTS, PROBLEM, SCORES
from cartocell_app.desktop.results.exporting import KINDS
from cartocell_app.jobs.comparing import STAGES, Compared, Comparison, write_comparison
from cartocell_app.jobs.measuring import VOXEL_MEASURES
from cartocell_app.jobs.segmenting import result_paths
from cartocell_app.morphology.measures import CONTACT_MEASURES, CYST_MEASURES, MEASURES, Measure
from cartocell_app.segmentation.evaluation import evaluate_pair
from cartocell_app.stacks.reading import STACK_ENDINGS
from tests.conftest import Answer

RESULTS = "6-results.md"


def part(name: str, heading: str) -> str:
    """Text of a chapter between a heading and the next."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{name} has no heading {heading}"
    return found[1]


def documented(text: str) -> list[str]:
    """Names in the first column of the tables of a text."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def explained(text: str) -> dict[str, tuple[str, str]]:
    """Unit and words of each column in the tables of a text."""
    rows = re.findall(r"^\| `([^`]+)` \| *([^|]*?) *\| (.*) \|$", text, re.MULTILINE)
    return {name: (unit, words.lower()) for name, unit, words in rows}


def declared(measures: tuple[Measure, ...]) -> dict[str, tuple[str, str]]:
    return {measure.name: (measure.unit, measure.words.lower()) for measure in measures}


def test_chapters_are_in_order_and_cut_at_their_headings() -> None:
    chapters = read_guide()
    assert [chapter.name[0] for chapter in chapters] == [str(number) for number in range(1, len(chapters) + 1)]
    stacks = next(chapter for chapter in chapters if chapter.name == "4-stacks.md")
    assert stacks.title == "Stacks and voxel size"
    assert stacks.sections[0].anchor == ""
    (voxel,) = [section for section in stacks.sections if section.anchor == "voxel-size"]
    assert voxel.title == "Voxel size"
    assert voxel.has("placeholder") is False
    assert voxel.has("MICROSCOPE fiji")
    assert '<h2 id="voxel-size">' in stacks.html


def test_all_links_and_pictures_are_there() -> None:
    for path in FOLDER.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        for picture in re.findall(r"!\[[^]]+\]\(([^)]+)\)", text):
            assert (FOLDER / picture).is_file(), f"{path.name}: {picture}"
        for name, anchor in re.findall(r"[^!]\[[^]]+\]\((?!http)([^)#]*)#?([^)]*)\)", text):
            target = FOLDER / (name or path.name)
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert not anchor or anchor in map(anchor_of, headings), f"{path.name}: {name}#{anchor}"


@pytest.mark.parametrize(
    ("heading", "measures"),
    [
        ("Cells", MEASURES),
        ("Contacts", CONTACT_MEASURES),
        ("Cysts", (*CYST_MEASURES, *VOXEL_MEASURES)),
        ("Export of all cysts", (*FACTS, *SCORES, PROBLEM)),
    ],
)
def test_measures_are_explained_as_they_are_declared(heading: str, measures: tuple[Measure, ...]) -> None:
    assert explained(part(RESULTS, heading)) == declared(measures)


def test_files_of_a_segmentation_and_an_export_are_explained() -> None:
    written = {path.as_posix() for path in result_paths(Path(), "NAME").values()}
    assert written <= set(documented(part(RESULTS, "What a segmentation writes")))
    text = (FOLDER / RESULTS).read_text(encoding="utf-8")
    assert all(f"`NAME{ending}`" in text for kind in KINDS for ending in kind.endings)


def test_all_formats_are_named() -> None:
    assert set(STACK_ENDINGS) <= set(re.findall(r"`(\.\w+)`", part("4-stacks.md", "What can be opened")))


def columns(path: Path) -> set[str]:
    return set(pd.read_csv(path, encoding="utf-8-sig").columns)


@pytest.mark.slow
def test_columns_that_are_written_are_explained(cyst_folder: Path, cartocell: Callable[..., Answer]) -> None:
    out = cyst_folder / "out"
    for words in (
        ("segment", cyst_folder / "x", "-o", out / "cells", "--ground-truth", cyst_folder / "y"),
        ("evaluate", cyst_folder / "y", cyst_folder / "y", "-o", out / "scores.csv"),
        ("crop", cyst_folder / "x", "-o", out / "crops"),
        ("downsample", cyst_folder, "-o", out / "coarse", "--to", 1, 1, 1),
        ("label", cyst_folder / "x", "-o", out / "set"),
        ("merge", out / "coarse", out / "set", "-o", out / "merged"),
    ):
        assert cartocell(*words).code == 0
    scores = set(documented(part(RESULTS, "Scores")))
    assert columns(out / "scores.csv") - {"name"} == scores
    summary = set(documented(part(RESULTS, "summary.csv")))
    before = {f"before_voronoi_{name}" for name in scores}
    assert columns(out / "cells" / "summary.csv") | {"error"} == (
        summary | scores | before | {"iou_B", "iou_C", "iou_M"}
    )
    for heading, path in (
        ("crops.csv", out / "crops"),
        ("downsampling.csv", out / "coarse"),
        ("curation.csv", out / "set"),
        ("merged.csv", out / "merged"),
    ):
        assert columns(path / heading) == set(documented(part(RESULTS, heading))), heading


def test_columns_of_a_comparison_are_explained(tmp_path: Path) -> None:
    row = evaluate_pair(np.ones((2, 2, 2), np.uint16), np.ones((2, 2, 2), np.uint16)).as_row("")
    compared = Compared("M1", {"cyst": dict.fromkeys(STAGES, row)})
    write_comparison(Comparison((compared,), {}), (), "", tmp_path)
    assert columns(tmp_path / "comparison.csv") == set(documented(part(RESULTS, "comparison.csv")))


def test_columns_of_a_training_are_explained() -> None:
    records = pytest.importorskip("training.records")
    row = records.EpochReport(1, 2, 0.5, 0.6, {"B": 0.1, "C": 0.2, "M": 0.3}, 3.0, 0.1).as_row()
    names = documented(part(RESULTS, "A training"))
    assert set(row) <= set(names)
