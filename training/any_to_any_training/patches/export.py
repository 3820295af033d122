"""A trained patch stage as files, RUN/patches/{config.json, image-patches.safetensors}, and into RUN/checkpoint if there.

    python -m any_to_any_training.patches.export --run run
The decoder's trainer writes RUN/checkpoint anew; run this after it. Into a bundle that exists, the files go with
`npm run any-to-any -- add-patches training/run/patches BUNDLE`."""
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


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def export(run: Path) -> None:
    model, stage = load_stage(run)
    described = describe_stage(model.config, stage)
    write_json(run / "patches" / "config.json", {"codes": model.config.codes} | described)
    save_weights(model, run / "patches" / "image-patches.safetensors")
    path = run / "checkpoint" / "config.json"
    if not path.exists():
        return
    config = json.loads(path.read_text(encoding="utf-8"))
    image = next(m for m in config["modalities"] if m["name"] == "image")
    image["adapters"] = [described]
    save_weights(model, run / "checkpoint" / "image-patches.safetensors")
    write_json(path, config)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    export(arguments.parse_args().run)


if __name__ == "__main__":
    main()
