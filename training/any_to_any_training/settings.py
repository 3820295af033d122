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


def take_threads(count: int) -> None:
    """As many as asked for, but no more than there are cores to run on: those that share one mostly wait for each other."""
    torch.set_num_threads(min(count, torch.get_num_threads()))


def begin(train: dict, threads: int | None = None) -> torch.device:
    """Takes threads and seeds. -> the GPU where there is one"""
    take_threads(threads or train["threads"])
    torch.manual_seed(train["seed"])
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")
