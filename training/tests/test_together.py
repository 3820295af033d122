"""Processes that train one model and agree by the clock."""
from pathlib import Path

import pytest
import torch

from any_to_any_training.together import SECONDS, Together, spread


def test_alone_there_are_no_rounds(tmp_path: Path):
    alone = Together(0, 1, tmp_path / "meeting")
    alone.took("image", 64), alone.took("image", 64), alone.took("text", 3)
    assert alone.leads and alone.missing(1000.0) == 0
    assert alone.examples == {"image": 128, "text": 3}


def take_part(together: Together, folder: Path) -> None:
    weights = torch.tensor([1.0 + 3 * together.rank]), torch.full((2, 2), 10.0 * together.rank)
    together.examples = {"image": 100, "text": 0}
    for _ in range(1 + together.rank * 2):  # one step here, three there
        together.took("image", 8)
    assert together.missing(2.5 * SECONDS) == 2
    together.agree(weights)
    together.agree(weights)  # nobody took a step since: nothing changes
    assert together.missing(2.5 * SECONDS) == 0
    torch.save((weights, together.examples), folder / f"{together.rank}.pt")


def test_two_processes_agree_on_the_mean_by_steps(tmp_path: Path):
    spread(take_part, 2, tmp_path / "meeting", tmp_path)
    for rank in range(2):
        (one, matrix), examples = torch.load(tmp_path / f"{rank}.pt")
        assert one.item() == pytest.approx(1 * 0.25 + 4 * 0.75)
        assert torch.allclose(matrix, torch.full((2, 2), 7.5))
        assert examples == {"image": 100 + 4 * 8, "text": 0}
    assert not (tmp_path / "meeting").exists()


def fail(together: Together) -> None:
    if together.rank == 1:
        raise ValueError("no such corpus")


def test_where_one_process_fails_all_end(tmp_path: Path):
    with pytest.raises(Exception, match="no such corpus"):
        spread(fail, 2, tmp_path / "meeting")
