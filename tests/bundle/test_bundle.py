"""The frozen program does what the program from source does, with nothing around it."""

import json
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from cartocell_app import __version__
from cartocell_app.resources import SAMPLE_LABELS, SAMPLE_STACK
from cartocell_app.stacks.reading import read, read_labels
from cartocell_app.stacks.writing import write_stack
from tests.bundle.conftest import Program

ROOT = Path(__file__).parents[2]
CELLS = "per_image_instances_voronoi"
REAL = (
    ("czi/CellDivision_T3_Z5_CH2_X240_Y170.czi", ("--channel", 0, "--time", 0)),
    ("lif/xz-example.lif", ("--scene", 1, "--channel", 0)),
    ("nd2/cluster.nd2", ("--channel", 0, "--time", 0)),
    ("omezarr/xyz_8bit__mitotic_plate_calibrated.ome.zarr", ()),
)
"""A real file of each format, and how to read it."""

pytestmark = pytest.mark.slow


def test_it_says_its_version_and_what_the_computer_offers(program: Program) -> None:
    answer = program("--version")
    assert (answer.returncode, answer.stdout) == (0, f"cartocell {__version__}\n")
    answer = program("doctor")
    assert answer.returncode == 0, answer.stderr
    assert f"CartoCell {__version__}" in answer.stdout
    assert "CPU" in answer.stdout
    assert ("PyTorch" in answer.stdout) == program.can_train


def test_called_cartocell_it_is_the_command_line(program: Program) -> None:
    link = program.home / "cartocell"
    link.symlink_to(program.file)
    answer = subprocess.run([link, "--help"], env=program.environment, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert "segment" in answer.stdout
    assert subprocess.run([link, "segment"], env=program.environment, capture_output=True, timeout=60).returncode == 2


@pytest.mark.skipif(sys.platform != "linux", reason="menus of Linux")
def test_it_puts_itself_into_the_menu_and_takes_itself_out_again(program: Program) -> None:
    def run(script: str) -> None:
        subprocess.run([program.folder / script], env=program.environment | {"PATH": "/usr/bin:/bin"}, check=True)

    run("install")
    entry = program.home / ".local" / "share" / "applications" / "cartocell.desktop"
    assert f'Exec="{program.file}" %F' in entry.read_text(encoding="utf-8").splitlines()
    command = [program.home / ".local" / "bin" / "cartocell", "--version"]
    answer = subprocess.run(command, env=program.environment, capture_output=True, text=True, timeout=60)
    assert answer.stdout == f"cartocell {__version__}\n"
    run("uninstall")
    left = [path for path in (program.home / ".local").rglob("*cartocell*") if "mime" not in path.parts]
    assert left == []


def test_it_finds_the_same_cells_as_from_source(program: Program, tmp_path: Path) -> None:
    answer = program("segment", SAMPLE_STACK, "-o", tmp_path / "frozen", "--workers", 1)
    assert answer.returncode == 0, answer.stderr
    here = [sys.executable, "-m", "cartocell_app.cli", "segment", str(SAMPLE_STACK), "-o", str(tmp_path / "source")]
    subprocess.run(here, check=True, capture_output=True)
    frozen, source = (read_labels(tmp_path / which / CELLS / SAMPLE_STACK.name)[0] for which in ("frozen", "source"))
    np.testing.assert_array_equal(frozen, source)
    assert frozen.max() == read_labels(SAMPLE_LABELS)[0].max()
    with Image.open(tmp_path / "frozen" / "overview" / f"{SAMPLE_STACK.stem}.png") as picture:
        assert picture.width > 400
    answer = program("measure", tmp_path / "frozen", "-o", tmp_path / "measured")
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "measured" / "measurements.xlsx").is_file()


def test_its_processes_start_processes(program: Program, tmp_path: Path) -> None:
    data = read(SAMPLE_STACK)
    for name in ("one", "two"):
        write_stack(tmp_path / "in" / f"{name}.tif", data.data[40:72, 20:90, 20:90], data.voxel_size)
    answer = program("segment", tmp_path / "in", "-o", tmp_path / "out", "--workers", 2)
    assert answer.returncode == 0, answer.stderr
    assert sorted(path.name for path in (tmp_path / "out" / CELLS).iterdir()) == ["one.tif", "two.tif"]


@pytest.mark.parametrize(("file", "words"), REAL, ids=[file.partition("/")[0] for file, _ in REAL])
def test_it_reads_each_format(
    file: str, words: tuple[object, ...], program: Program, shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "formats" / file
    answer = program("crop", path, "-o", tmp_path / "out", "--voxel-size", 1, 0.5, 0.5, *words)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("compression", ["lzw", "zlib", "zstd", "lzma", "packbits", "jpeg2000", None])
def test_it_reads_compressed_tiff(compression: str | None, program: Program, tmp_path: Path) -> None:
    import tifffile

    stack = np.random.default_rng(0).integers(0, 255, (4, 64, 64), np.uint8)
    tifffile.imwrite(
        tmp_path / "stack.tif", stack, compression=compression, photometric="minisblack", metadata={"axes": "ZYX"}
    )
    answer = program("crop", tmp_path / "stack.tif", "-o", tmp_path / "out", "--voxel-size", 1, 0.5, 0.5)
    assert answer.returncode == 0, answer.stderr


def test_it_reads_hdf5(program: Program, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "stack.h5", "w") as file:
        file["raw"] = np.random.default_rng(0).integers(0, 255, (8, 64, 64), np.uint8)
    answer = program("crop", tmp_path / "stack.h5", "-o", tmp_path / "out", "--voxel-size", 1, 0.5, 0.5)
    assert answer.returncode == 0, answer.stderr


def test_its_window_opens_segments_and_measures_the_sample_and_closes(program: Program, tmp_path: Path) -> None:
    process = program.start("--self-test", tmp_path / "test")
    mapped: set[str] = set()
    while process.poll() is None:
        mapped |= _mapped(process.pid)
        time.sleep(0.2)
    assert process.returncode == 0
    found = json.loads((tmp_path / "test" / "self-test.json").read_text(encoding="utf-8"))
    assert found["failed"] == ""
    assert found["cells"] == read_labels(SAMPLE_LABELS)[0].max()
    with Image.open(tmp_path / "test" / "self-test.png") as picture:
        # The cells in 3D have many colours; an empty pane has none.
        width, height = picture.size
        pane = picture.convert("HSV").crop((width // 2, height // 7, width * 3 // 4, height // 2))
        assert (np.asarray(pane)[..., 1] > 100).mean() > 0.05
    strangers = [path for path in mapped if path.startswith((str(ROOT), sys.prefix))]
    assert not strangers, "it uses files of the checkout or of Python's environment"


def test_it_writes_only_into_the_users_folders(program: Program) -> None:
    before = {path: path.stat().st_mtime_ns for path in program.folder.rglob("*") if not path.is_symlink()}
    assert program("demo", "-o", program.home / "demo").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in program.folder.rglob("*") if not path.is_symlink()} == before


def test_it_trains_and_makes_a_model(program: Program, tmp_path: Path) -> None:
    words = ("train", "-o", tmp_path / "run", "--preset", "quick", "--steps", 2, "--examples", 1)
    answer = program(*words)
    if not program.can_train:
        assert answer.returncode == 2
        assert "PyTorch" in answer.stderr or "train" in answer.stderr
        return
    assert answer.returncode == 0, answer.stderr
    answer = program("export", tmp_path / "run" / "network.pt", "-o", tmp_path / "model.onnx")
    assert answer.returncode == 0, answer.stderr
    answer = program("segment", SAMPLE_STACK, "-o", tmp_path / "out", "--model", tmp_path / "model.onnx")
    assert answer.returncode == 0, answer.stderr


def _mapped(process: int) -> set[str]:
    """Files that a process has in its memory; none once it is gone."""
    try:
        lines = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {words[5] for line in lines if len(words := line.split(maxsplit=5)) == 6 and words[5].startswith("/")}
