import signal
import subprocess
import sys

import psutil
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.jobs.process import JobProcess

WINDOW = """
import sys
from PySide6.QtCore import QCoreApplication
from cartocell_app.desktop.jobs.process import JobProcess
app = QCoreApplication([])
child = "import os, time\\nwhile True: print(os.getpid(), flush=True); time.sleep(0.05)"
process = JobProcess([sys.executable, "-c", child])
process.line_heard.connect(lambda line: print(line, flush=True))
process.start()
app.exec()
"""


def test_a_job_does_not_outlive_a_window_that_was_killed(qtbot: QtBot):
    with subprocess.Popen([sys.executable, "-c", WINDOW], stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        child = psutil.Process(int(window.stdout.readline()))
        window.send_signal(signal.SIGKILL)
    qtbot.waitUntil(lambda: not child.is_running(), timeout=10_000)


def test_what_does_not_listen_is_ended_after_its_grace(qtbot: QtBot):
    program = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint(1, flush=True)\ntime.sleep(600)"
    process = JobProcess([sys.executable, "-c", program])
    with qtbot.waitSignal(process.line_heard, timeout=10_000):
        process.start()
    with qtbot.waitSignal(process.ended, timeout=10_000) as ended:
        process.stop(grace_ms=100)
    assert ended.args[0].crashed
    assert ended.args[0].was_asked
    assert not ended.args[0].broke_off
    process.deleteLater()


def test_what_a_job_has_started_ends_with_it(qtbot: QtBot):
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True)"
    )
    process = JobProcess([sys.executable, "-c", program])
    lines: list[str] = []
    process.line_heard.connect(lines.append)
    with qtbot.waitSignal(process.ended, timeout=10_000):
        process.start()
    qtbot.waitUntil(lambda: not psutil.pid_exists(int(lines[0])), timeout=5_000)
    process.deleteLater()
