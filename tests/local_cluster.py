"""A dask cluster of separate processes, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

# Seconds after which a cluster test fails; on a quiet machine each takes about one.
PATIENCE = 120


class Cluster:
    """A scheduler and workers, each a process of its own that is killed at the end.

    Without the helper processes that watch and restart workers, which a busy machine
    can stall.
    """

    def __init__(self, folder):
        self.file = folder / "scheduler.json"
        self.processes = []
        self.start("dask_scheduler", "--port", "0")
        deadline = time.monotonic() + PATIENCE
        while not self.file.exists():
            if time.monotonic() > deadline or self.processes[0].poll() is not None:
                pytest.fail("the dask scheduler did not start")
            time.sleep(0.05)

    def start(self, module, *words):
        command = [sys.executable, "-m", f"distributed.cli.{module}", *words]
        self.processes.append(
            subprocess.Popen(
                [*command, "--scheduler-file", str(self.file), "--no-dashboard"],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return self.processes[-1]

    def add_worker(self):
        """Start a worker and return its process."""
        return self.start("dask_worker", "--no-nanny", "--nthreads", "1")

    def kill(self):
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def connected(cluster):
    """A client of the cluster, for a test that fails when it waits too long."""
    from distributed import Client

    def stop(*_):
        pytest.fail(f"the cluster did not answer within {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    client = Client(scheduler_file=str(cluster.file))
    client.wait_for_workers(2, timeout=PATIENCE)
    yield client
    client.close(timeout=5)
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def noting(folder, pause=0.0):
    """A function that notes the process that reads rows, and returns them.

    A function within another is sent to workers whole; they cannot import this module.
    """

    def noted(rows):
        (folder / f"{os.getpid()}_{time.monotonic_ns()}").touch()
        time.sleep(pause)
        return rows

    return noted


def readers(folder):
    return [int(path.name.split("_")[0]) for path in folder.iterdir()]
