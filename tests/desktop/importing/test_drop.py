import sqlite3
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from cartocell_app.desktop.importing.drop import what_is
from cartocell_app.stacks.writing import write_stack


def touch(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def project(folder: Path) -> Path:
    folder.mkdir(parents=True)
    sqlite3.connect(folder / "project.sqlite").close()
    touch(folder / "project.sqlite")
    return folder


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return path


@pytest.mark.parametrize("name", ["7d.4C.8_2.tif", "a.ome.tiff", "b.CZI", "c.lif", "d.nd2", "e.hdf5", "Año, 4d ü.TIF"])
def test_stacks_of_every_format(tmp_path: Path, name: str):
    dropped = what_is([touch(tmp_path / name)])
    assert dropped.deed == "import stacks"
    assert dropped.stacks == (tmp_path / name,)
    assert dropped.sentence == "Import 1 stack."


def test_an_ome_zarr_folder_is_one_stack(tmp_path: Path):
    touch(tmp_path / "a.ome.zarr" / "zarr.json")
    touch(tmp_path / "a.ome.zarr" / "0" / "chunk.tif")
    assert what_is([tmp_path / "a.ome.zarr"]).stacks == (tmp_path / "a.ome.zarr",)
    assert what_is([tmp_path]).stacks == (tmp_path / "a.ome.zarr",)


def test_an_ome_zarr_folder_with_another_name_says_how_to_mend_it(tmp_path: Path):
    touch(tmp_path / "cyst" / ".zattrs")
    dropped = what_is([tmp_path / "cyst"])
    assert dropped.deed == "nothing"
    assert "ends in .zarr" in dropped.sentence


def test_a_folder_with_good_and_bad_files_and_folders_in_it(tmp_path: Path):
    good = touch(tmp_path / "7 d" / "a.tif")
    deeper = touch(tmp_path / "10 d" / "control" / "b.czi")
    for stranger in ("notes.txt", "7 d/Thumbs.db", "7 d/.a.tif", "10 d/._b.czi", ".git/c.tif", "7 d/.partial-1-a.tif"):
        touch(tmp_path / stranger)
    dropped = what_is([tmp_path])
    assert dropped.stacks == (deeper, good)
    assert dropped.strangers == ()
    assert dropped.passed_over == 2


def test_results_inside_a_folder_are_no_stacks(tmp_path: Path):
    good = touch(tmp_path / "a.tif")
    touch(tmp_path / "results" / "run.json")
    touch(tmp_path / "results" / "records" / "a.json")
    touch(tmp_path / "results" / "per_image_instances_voronoi" / "a.tif")
    project(tmp_path / "Cysts.cartocell")
    touch(tmp_path / "Cysts.cartocell" / "labels" / "a.tif")
    assert what_is([tmp_path]).stacks == (good,)
    alone = what_is([tmp_path / "results"])
    assert alone.deed == "nothing"
    assert "holds results of CartoCell" in alone.sentence


def test_the_same_stack_twice_counts_once(tmp_path: Path):
    stack = touch(tmp_path / "a.tif")
    assert what_is([stack, tmp_path, stack]).stacks == (stack,)


def test_models_of_ours_and_of_others(tmp_path: Path):
    ours = touch(tmp_path / "M2.onnx")
    biapy = touch(tmp_path / "checkpoint.pth")
    zoo = zipped(tmp_path / "zoo.zip", "package/rdf.yaml", "package/weights.pt")
    keras = tmp_path / "weights.h5"
    with h5py.File(keras, "w") as file:
        file.attrs["layer_names"] = ["conv"]
    dropped = what_is([ours, biapy, zoo, keras])
    assert dropped.deed == "add models"
    assert dropped.models == (ours,)
    assert dropped.foreign_models == (biapy, zoo, keras)
    assert "M2.onnx" in dropped.sentence


def test_an_hdf5_stack_is_no_model(tmp_path: Path):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["raw"] = np.zeros((4, 5, 6), np.uint8)
    assert what_is([path]).stacks == (path,)


def test_stacks_with_a_model_are_segmented_with_it(tmp_path: Path):
    dropped = what_is([touch(tmp_path / "a.tif"), touch(tmp_path / "M2.onnx")])
    assert dropped.deed == "import stacks"
    assert dropped.sentence == "Import 1 stack and segment with M2.onnx."
    foreign = what_is([touch(tmp_path / "a.tif"), touch(tmp_path / "b.pth")])
    assert foreign.sentence == "Import 1 stack. The model b.pth is imported too."


def test_a_biapy_configuration_and_another_yaml(tmp_path: Path):
    biapy = touch(
        tmp_path / "cartocell.yaml", b"PROBLEM:\n  TYPE: INSTANCE_SEG\nDATA:\n  PATCH_SIZE: (80, 80, 80, 1)\n"
    )
    other = touch(tmp_path / "other.yml", b"name: x\n")
    broken = touch(tmp_path / "broken.yaml", b"a: [\n")
    assert what_is([biapy]).deed == "run configuration"
    for path in (other, broken):
        assert "none of BiaPy's" in what_is([path]).sentence


def test_projects_and_their_zips(tmp_path: Path):
    folder = project(tmp_path / "Cysts.cartocell")
    assert what_is([folder]).projects == (folder,)
    assert what_is([folder / "project.sqlite"]).projects == (folder,)
    packed = zipped(tmp_path / "Cysts.zip", "Cysts.cartocell/project.sqlite")
    assert what_is([packed]).deed == "unpack project"
    empty = tmp_path / "Empty.cartocell"
    empty.mkdir()
    assert "no whole project" in what_is([empty]).sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.png", "flat picture"),
        ("a.lsm", "Fiji"),
        ("a.nii.gz", "Fiji"),
        ("a.csv", "document"),
        ("a.stl", "surface"),
        ("a.npy", "Save the stack as TIFF"),
        ("a.xyz", "no stack or model"),
        (".hidden.tif", "hidden"),
        ("a.zip", "damaged"),
    ],
)
def test_strangers_say_why_not(tmp_path: Path, name: str, words: str):
    dropped = what_is([touch(tmp_path / name)])
    assert dropped.deed == "nothing"
    assert name in dropped.sentence
    assert words in dropped.sentence


def test_what_is_gone_or_empty(tmp_path: Path):
    assert "not there any more" in what_is([tmp_path / "a.tif"]).sentence
    (tmp_path / "empty").mkdir()
    assert "holds no stacks" in what_is([tmp_path / "empty"]).sentence
    assert "neither a project nor a model" in what_is([zipped(tmp_path / "x.zip", "a.tif")]).sentence
    assert what_is([]).deed == "nothing"


def test_strangers_beside_stacks_do_not_stop_them(tmp_path: Path):
    write_stack(tmp_path / "a.tif", np.zeros((3, 4, 5), np.uint8), None)
    dropped = what_is([tmp_path / "a.tif", touch(tmp_path / "a.png")])
    assert dropped.deed == "import stacks"
    assert [stranger.path.name for stranger in dropped.strangers] == ["a.png"]


def test_microscope_files_beside_stacks_are_left_aside_by_their_endings(tmp_path: Path):
    touch(tmp_path / "7 d" / "a.tif")
    for name in ("7 d/b.dv", "10 d/c.DV", "10 d/d.oib", "10 d/._e.dv", "notes.txt"):
        touch(tmp_path / "7 d" / name)
    dropped = what_is([tmp_path / "7 d", touch(tmp_path / "f.nii.gz")])
    assert dropped.deed == "import stacks"
    assert dropped.aside == (
        "4 microscope files of a kind that CartoCell does not read (.oib, .dv, .nii.gz) were left aside: save them as "
        "TIFF or OME-TIFF in the microscope's program or in Fiji. 1 other file left aside."
    )


def test_one_microscope_file_left_aside_is_no_other_file(tmp_path: Path):
    touch(tmp_path / "stacks" / "a.tif")
    touch(tmp_path / "more" / "b.ims")
    assert what_is([tmp_path / "stacks", tmp_path / "more", tmp_path / "more" / "b.ims"]).aside == (
        "1 microscope file of a kind that CartoCell does not read (.ims) was left aside: save it as TIFF or OME-TIFF "
        "in the microscope's program or in Fiji."
    )
    assert what_is([tmp_path / "stacks"]).aside == ""


def test_a_folder_of_nothing_but_microscope_files_says_what_to_do_with_them(tmp_path: Path):
    touch(tmp_path / "7 d" / "a.dv")
    touch(tmp_path / "7 d" / "b.dv")
    dropped = what_is([tmp_path / "7 d"])
    assert dropped.deed == "nothing"
    assert dropped.sentence == (
        "7 d holds no stacks that can be used. 2 microscope files of a kind that CartoCell does not read (.dv) were "
        "left aside: save them as TIFF or OME-TIFF in the microscope's program or in Fiji."
    )


def test_a_search_can_be_stopped(tmp_path: Path):
    touch(tmp_path / "a.tif")
    assert what_is([tmp_path], cancelled=lambda: True).stacks == ()
