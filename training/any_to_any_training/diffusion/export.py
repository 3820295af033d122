"""Writes the trained baseline for the bench: config.json, and weights of which matrices are int8 with a scale per row.

    python -m any_to_any_training.diffusion.export --run run --to ../bench/diffusion/weights"""
import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..tokenizer.restore import load_tokenizer
from .model import DiffusionConfig, LatentDiffusion

SMALLEST = 4096  # elements from which a weight is worth rounding


def load_diffusion(run: Path) -> tuple[LatentDiffusion, float, dict]:
    """The averaged weights, the guidance that training looked at, and how long it took."""
    state = torch.load(run / "diffusion" / "state.pt", weights_only=False)
    model = LatentDiffusion(DiffusionConfig(**state["config"]))
    model.load_state_dict(state["average"])
    took = {"steps": state["step"], "clockMinutes": round(state["spent"] / 60, 1), "processorMinutes": round(state["worked"] / 60, 1)}
    return model.eval().requires_grad_(False), state["guidance"], took


def rounded(name: str, value: Tensor) -> dict[str, Tensor]:
    """[rows, ...] -> int8 and `name.scale` [rows]; small tensors and vectors stay float16."""
    if value.ndim < 2 or value.numel() < SMALLEST:
        return {name: value.half()}
    scale = (value.flatten(1).abs().amax(1) / 127).clamp(min=1e-8)
    whole = (value / scale.view(-1, *[1] * (value.ndim - 1))).round().clamp(-127, 127)
    return {name: whole.to(torch.int8), f"{name}.scale": scale.float()}


def write_baseline(folder: Path, model: LatentDiffusion, guidance: float, codebook: Tensor) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {"codebook.weight": codebook.half()}
    for name, value in model.state_dict().items():
        tensors |= rounded(name, value.float())
    (folder / "config.json").write_text(json.dumps(model.config.to_json() | {"guidance": guidance}, indent=2) + "\n")
    save_file({name: value.contiguous().clone() for name, value in tensors.items()}, folder / "diffusion.safetensors")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--to", type=Path, default=Path("../bench/diffusion/weights"))
    options = arguments.parse_args()
    model, guidance, took = load_diffusion(options.run)
    write_baseline(options.to, model, guidance, load_tokenizer(options.run).codebook.weight)
    (options.to / "training.json").write_text(json.dumps(took, indent=2) + "\n")
    print({path.name: path.stat().st_size for path in sorted(options.to.iterdir())})


if __name__ == "__main__":
    main()
