"""What every command is told: the file of settings and the folder of the run; and what every trainer begins with."""
import argparse
import json
from pathlib import Path

import torch


def options(description: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--config", type=Path, default=Path("configs/small.json"))
    parser.add_argument("--run", type=Path, default=Path("run"))
    return parser


def trainer_options(description: str | None) -> argparse.ArgumentParser:
    parser = options(description)
    parser.add_argument("--minutes", type=float, help="overrides the time budget of the config")
    parser.add_argument("--threads", type=int, help="overrides the config")
    return parser


def read(config: Path) -> dict:
    return json.loads(config.read_text(encoding="utf-8"))


def begin(train: dict, threads: int | None = None) -> torch.device:
    """Takes as many threads as asked for, but no more than there are cores to run on, and seeds.
    -> the GPU where there is one"""
    torch.set_num_threads(min(threads or train["threads"], torch.get_num_threads()))
    torch.manual_seed(train["seed"])
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
