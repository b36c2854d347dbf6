from PySide6.QtTest import QAbstractItemModelTester

from cartocell_app.desktop.samples.model import CELLS, NAME, SampleModel
from tests.desktop.fake_project import FakeSample


def test_the_model_keeps_qts_rules_while_samples_come_and_go(qapp: object) -> None:
    model = SampleModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show([FakeSample(1, "a"), FakeSample(2, "b", day="4 d")])
    model.show([FakeSample(1, "a", cells=5), FakeSample(2, "b", day="4 d")])
    model.show([FakeSample(2, "b", day=None)])
    model.show([])
    assert model.rowCount() == 0
    del tester


def test_only_what_changed_is_told(qapp: object) -> None:
    model = SampleModel()
    model.show([FakeSample(1, "a"), FakeSample(2, "b")])
    told = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    model.modelReset.connect(lambda: told.append("all"))
    model.show([FakeSample(1, "a"), FakeSample(2, "b", cells=7)])
    assert told == [(1, 1)]
    assert model.find(2).siblingAtColumn(CELLS).data() == "7"


def test_an_empty_name_is_not_taken(qapp: object) -> None:
    model = SampleModel()
    model.show([FakeSample(1, "a")])
    edited = []
    model.edited.connect(lambda *what: edited.append(what))
    assert not model.setData(model.find(1), "   ")
    assert not model.setData(model.find(1), "a")
    assert model.setData(model.find(1).siblingAtColumn(NAME), " b ")
    assert edited == [(1, "name", "b")]
