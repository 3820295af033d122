"""Puts a trained patch stage into a checkpoint: its weights, and what config.json says of it.

    python -m any_to_any_training.patches.export --run run
The decoder's trainer writes RUN/checkpoint anew; run this after it."""
import argparse
import json
from pathlib import Path

import torch

from ..checkpoint import save_weights
from .model import PatchConfig, PatchStage


def load_stage(run: Path) -> tuple[PatchStage, dict]:
    """The averaged weights, and the stage's settings: schedule, scale, how it runs."""
    state = torch.load(run / "patches" / "state.pt", weights_only=False)
    model = PatchStage(PatchConfig(codes=state["codes"], **state["config"]))
    model.load_state_dict(state["average"])
    return model.eval().requires_grad_(False), state["stage"]


def describe_stage(config: PatchConfig, stage: dict) -> dict:
    return config.to_json() | stage


def add_to_checkpoint(run: Path) -> None:
    model, stage = load_stage(run)
    path = run / "checkpoint" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    image = next(m for m in config["modalities"] if m["name"] == "image")
    image["adapters"] = [describe_stage(model.config, stage)]
    save_weights(model, run / "checkpoint" / "image-patches.safetensors")
    path.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    add_to_checkpoint(arguments.parse_args().run)


if __name__ == "__main__":
    main()
