import os

import pytest

from console import embedded, up


def test_first_start_finds_its_folders_and_keeps_a_second_one_out(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "VAR", tmp_path / "new" / "var")
    lock = up.only_one()
    try:
        assert (embedded.VAR / "log").is_dir()  # without it the process manager ends at once
        with pytest.raises(SystemExit, match="just being started"):
            up.only_one()
    finally:
        os.close(lock)
    os.close(up.only_one())
