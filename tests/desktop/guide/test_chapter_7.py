"""The seventh chapter, When something goes wrong: each trouble is provoked, and said and mended as the guide says."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tifffile
from PySide6.QtWidgets import QApplication, QFileDialog, QPushButton

from cartocell_app.desktop import device_page
from cartocell_app.desktop.device_page import DevicePage
from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.log_page import LogPage
from cartocell_app.desktop.training import panel as training_panel
from cartocell_app.desktop.training.presets import how_to_add_training
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.reading import read
from tests.conftest import Answer
from tests.desktop.guide.following import Reader, chapter

pytestmark = pytest.mark.slow


def make_project(folder: Path, stack: Path) -> None:
    """A project of one stack, closed again."""
    found = read(stack)
    project = Project.create(folder, folder.stem)
    project.add_samples([NewSample(stack, voxel_size=found.voxel_size, shape=found.shape)])
    project.hash_inputs()  # as an import does in the background
    project.close()


def test_it_tests_itself(tmp_path: Path) -> None:
    assert "opens, segments and measures the sample cyst by itself" in chapter(7)
    start = "import sys; from cartocell_app.desktop.start import main; sys.exit(main())"
    command = [sys.executable, "-c", start, "--self-test", str(tmp_path / "test")]
    assert subprocess.run(command, timeout=120, check=False).returncode == 0
    found = json.loads((tmp_path / "test" / "self-test.json").read_text(encoding="utf-8"))
    assert not found.get("failed")


def test_pages_of_help_have_a_button_that_copies_all(
    reader: Callable[[int], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "Devices:\n  NVIDIA GPU: not used. No NVIDIA GPU was found in this computer.\n  CPU: works"
    monkeypatch.setattr(device_page, "_checkup", lambda: words)
    she = reader(7)
    she.reads("Help, This computer says what this computer offers; Help, Log holds warnings and errors")
    for entry, page in (("This computer", DevicePage), ("Log", LogPage)):
        QApplication.clipboard().clear()
        she.choose("Help", entry)
        shown = she.dialog(page)
        (copy,) = [one for one in shown.findChildren(QPushButton) if one.text().startswith("&Copy")]
        she.wait(copy.isEnabled)
        copy.click()
        if page is DevicePage:
            assert QApplication.clipboard().text() == words
        shown.close()


def test_files_that_cannot_be_opened_say_which_and_what_to_do(
    cyst_folder: Path, cartocell: Callable[..., Answer], tmp_path: Path
) -> None:
    text = chapter(7)
    good, bad = cyst_folder / "x" / "7d.4C.8_2.tif", tmp_path / "bad"
    bad.mkdir()
    raw = read(good).data
    (bad / "empty.tif").write_bytes(b"")
    (bad / "cut.tif").write_bytes(good.read_bytes()[:100_000])
    (bad / "foreign.ims").write_bytes(b"of another program")
    tifffile.imwrite(bad / "flat.tif", raw[0])
    tifffile.imwrite(bad / "times.tif", raw, imagej=True, metadata={"axes": "TYX"})
    tifffile.imwrite(bad / "channels.tif", raw[:8], imagej=True, metadata={"axes": "CYX"})
    tifffile.imwrite(bad / "unknown.tif", raw, photometric="minisblack")
    for name, in_guide, said in (
        ("flat.tif", "it is 2D", "flat.tif is 2D. CartoCell needs a stack with several slices."),
        ("empty.tif", "it is empty", "empty.tif is empty: it has 0 bytes. Copy it again"),
        ("cut.tif", "ends too early", "but it ends before the last. Copy it again"),
        ("foreign.ims", "it is of another program", "Open the file in Fiji and save it as TIFF."),
        (
            "times.tif",
            "says that it is 2D, and how many channels or time points it has",
            f"It has {len(raw)} time points",
        ),
        ("channels.tif", "Image, Hyperstacks, Re-order Hyperstack", "It has 8 channels, but only one slice"),
        ("unknown.tif", "Nothing is segmented or measured before it is known", "The file states no voxel size."),
    ):
        assert in_guide in text
        answer = cartocell("segment", bad / name, "-o", tmp_path / "out" / name)
        assert answer.code == 1
        assert said in answer.err, name
    assert "Spaces, accents and commas in names do no harm" in text
    named = tmp_path / "Año, prüfung ü" / "Cyst, 4 d é.tif"
    named.parent.mkdir()
    shutil.copy(good, named)
    assert cartocell("segment", named.parent, "-o", tmp_path / "Ergebnis ü, 1").code == 0
    assert (tmp_path / "Ergebnis ü, 1" / "per_image_instances_voronoi" / "Cyst, 4 d é.tif").exists()


def test_an_unknown_voxel_size_keeps_from_segmenting(
    reader: Callable[[int], Reader], cyst_folder: Path, tmp_path: Path
) -> None:
    stack = tmp_path / "cyst.tif"
    tifffile.imwrite(stack, read(cyst_folder / "x" / "7d.4C.8_2.tif").data, photometric="minisblack")
    make_project(tmp_path / "P.cartocell", stack)
    she = reader(7)
    she.session.open_project(tmp_path / "P.cartocell")
    she.click_sample("cyst")
    she.reads("Nothing is segmented or measured before it is known")
    she.click("Segment cysts")
    asked = she.dialog(SegmentDialog)
    assert asked.obstacle() == "One stack has no voxel size yet."
    asked.close()


def test_stacks_that_were_moved_and_renamed_are_found(
    reader: Callable[[int], Reader], cyst_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, folder = cyst_folder / "x" / "7d.4C.8_2.tif", tmp_path / "P.cartocell"
    make_project(folder, stack)
    (tmp_path / "elsewhere" / "below").mkdir(parents=True)
    moved = stack.rename(tmp_path / "elsewhere" / "below" / "renamed.tif")
    she = reader(7)
    she.session.open_project(folder)
    she.reads(
        "The list shows File missing. File, Relocate missing stacks asks for a folder", "also if they were renamed"
    )
    samples = she.window.samples
    she.wait(lambda: samples.states.findText("File missing") >= 0 and she.project.missing())
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "elsewhere"))
    she.choose("File", "Relocate missing stacks")
    she.wait(lambda: not she.project.missing())
    assert she.project.samples()[0].path == moved


def test_a_job_that_was_ended_with_the_program_is_offered_again(
    reader: Callable[[int], Reader], cyst_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "P.cartocell"
    make_project(folder, cyst_folder / "x" / "7d.4C.8_2.tif")
    she = reader(7)
    she.session.open_project(folder)
    she.click_sample("8_2")
    she.wait_for_pictures()
    she.click("Segment cysts")
    she.click("Segment 1 cyst", she.dialog(SegmentDialog))
    queue = she.window.load_panels().queue
    she.wait(queue.running)
    queue.stop_all()
    she.wait(lambda: not queue.running())
    (run,) = she.project.runs()
    she.project.update_run(run.id, state="running")  # so a program that was killed leaves it
    she.session.close_project()
    she.session.open_project(folder)
    she.reads("When you open the project again, the bar at the bottom offers the job: Go on does only what is missing")
    she.click("Go on", she.window.load_panels().jobs)
    she.wait(lambda: she.sample("8_2").state == "segmented")
    she.wait(lambda: not queue.running())


def test_without_what_training_needs_the_page_says_so(
    sample_project: Path, reader: Callable[[int], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_panel, "can_train", lambda: False)
    she = reader(7)
    she.reads("With Python: `pip install 'cartocell[train]'`")
    how_to_add = how_to_add_training()
    assert "pip install 'cartocell[train]'" in how_to_add
    she.window.show_phase(2)
    panel = she.window.load_panels().trainings[2]
    she.wait(panel.how_to_add.isVisible)
    assert how_to_add in panel.how_to_add.text()
    assert not panel.form.isVisible()
