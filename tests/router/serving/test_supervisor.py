"""Who looks after the workers, when they cannot begin. What they do then: tests/integration/test_workers.py."""

import os
import subprocess
import sys
from pathlib import Path

from tests.fakes.process import ROOT
from tests.fakes.proxy import CONFIG


def test_where_a_worker_cannot_begin_nothing_does(tmp_path: Path) -> None:
    """Exit code 2, the reason, and no word of serving; nobody is left behind."""
    config = tmp_path / "c.yaml"
    config.write_text(CONFIG.format(base_url="http://127.0.0.1:9/v1"))
    done = subprocess.run(
        [
            *(sys.executable, "-m", "router", "serve", "--config", str(config), "--listen", "127.0.0.1:0"),
            *("--workers", "2", "--ledger", str(tmp_path)),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert "is a folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert "serves" not in done.stdout
