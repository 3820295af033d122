"""Grows a finished model by line drawings: words -> strokes, strokes -> words. Everything that exists is frozen.

    python -m any_to_any_training.grow_modality ../packages/model-emoji/bundle --run run
Needs RUN/sprites. Writes RUN/strokes, which `any-to-any add-modality` puts into the bundle; its measures on what
was held out, RUN/strokes.json and as a table RUN/strokes.md; and RUN/strokes.svg, what it draws."""
import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
from torch import nn

from .data import text_bpe
from .data.compose import Atlas
from .decoder.config import Grown
from .decoder.model import Decoder
from .decoder.sequence import Example
from .grow.batch import losses, rows_of
from .grow.bundle import open_decoder, open_listener, open_reader, open_tokenizer, read_manifest
from .grow.growth import write_growth
from .schedule import rate
from .strokes.encoder import StrokesEncoder
from .strokes.ids import SIZE
from .strokes.measure import Measures, as_table
from .strokes.port import StrokesPort
from .strokes.tasks import draw, name, trace
from .strokes.warm_up import Imitation, pictures

STROKES = Grown("strokes", "<str>", "</str>", SIZE)
PLUGIN, WEIGHTS = "strokes-for-any-to-any", "strokes-encoder.bin"
ABOUT = {"sampling": {"strokes": {"temperature": 0, "maxIds": 96}},
         "attribution": ["Strokes traced from Noto Emoji, Copyright Google LLC, Apache-2.0, and for reading also from",
                         "Fluent Emoji, Copyright (c) Microsoft Corporation, MIT"]}


def optimiser(decoder: Decoder, encoders: nn.ModuleDict) -> torch.optim.AdamW:
    """Tables see each row seldom, so their rate is the highest."""
    groups: dict[float, list[nn.Parameter]] = {0.002: list(encoders["strokes"].parameters())}
    for name, value in decoder.named_parameters():
        if value.requires_grad:
            groups.setdefault(0.004 if ".points." in name or "ports." in name else 0.003, []).append(value)
    return torch.optim.AdamW([{"params": values, "lr": peak} for peak, values in groups.items()], betas=(0.9, 0.98), weight_decay=0.0)


def warm_up(encoder: StrokesEncoder, imitation: Imitation, steps: int, batch: int = 128) -> None:
    learner, began = torch.optim.AdamW(encoder.parameters(), weight_decay=0.01), time.time()
    for step in range(steps):
        learner.param_groups[0]["lr"] = rate(step, steps, 0.003)
        loss = imitation.loss(encoder, batch)
        loss.backward()
        learner.step()
        learner.zero_grad(set_to_none=True)
        if (step + 1) % 200 == 0:
            print(f"warm-up {step + 1} of {steps}  {(time.time() - began) / 60:.1f} min  left of the variance {loss.item():.3f}", flush=True)


def train(decoder: Decoder, encoders: nn.ModuleDict, tasks: list[Callable[[], Example]], steps: int, batch: int) -> None:
    """The tasks take turns."""
    learner, began, means = optimiser(decoder, encoders), time.time(), {}
    peaks = [group["lr"] for group in learner.param_groups]
    for step in range(steps):
        rows = rows_of([tasks[step % len(tasks)]() for _ in range(batch)], decoder.port_config)
        with torch.autocast("cpu", torch.bfloat16):
            loss, heads = losses(decoder, encoders, rows)
        loss.backward()
        nn.utils.clip_grad_norm_([value for group in learner.param_groups for value in group["params"]], 1.0)
        for group, peak in zip(learner.param_groups, peaks):
            group["lr"] = rate(step, steps, peak)
        learner.step()
        learner.zero_grad(set_to_none=True)
        means |= {name: 0.9 * means.get(name, value) + 0.1 * value for name, value in heads.items()}
        if (step + 1) % 25 == 0:
            print(f"step {step + 1} of {steps}  {(time.time() - began) / 60:.1f} min  " + "  ".join(f"{name} {value:.3f}" for name, value in means.items()), flush=True)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("bundle", type=Path)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--config", type=Path, default=Path("configs/small.json"))
    arguments.add_argument("--warm-up", type=int, default=2000, help="steps of the encoder alone")
    arguments.add_argument("--steps", type=int, default=700)
    arguments.add_argument("--batch", type=int, default=48)
    arguments.add_argument("--rank", type=int, default=4)
    options = arguments.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    atlas, manifest = Atlas(options.run / "sprites"), read_manifest(options.bundle)
    decoder = open_decoder(options.bundle, json.loads(options.config.read_text())["decoder"]["model"], STROKES, options.rank)
    decoder.ports["strokes"] = StrokesPort(decoder.config.width)
    reader, encoder = open_reader(options.bundle), StrokesEncoder(decoder.config.width)
    words = text_bpe.load(options.bundle / manifest["ports"]["text"]["tokenizer"]["options"]["file"])
    drawings = trace(atlas, words, decoder.port_config)
    encoders = nn.ModuleDict({"image": reader, "strokes": encoder})
    warm_up(encoder, Imitation(drawings, pictures(reader, atlas), Random(2)), options.warm_up)
    random = Random(1)
    train(decoder, encoders, [lambda: draw(drawings, random), lambda: name(drawings, random)], options.steps, options.batch)
    uses = {"tokenizer": {"plugin": PLUGIN, "options": {}}, "encoder": {"plugin": PLUGIN, "options": {"width": decoder.config.width, "weights": WEIGHTS}}}
    write_growth(options.run / "strokes", decoder, manifest, uses, {WEIGHTS: encoder.file()}, ABOUT)
    measures = Measures(decoder, encoders, drawings, atlas)
    measures.trained()
    encoders["audio"] = open_listener(options.bundle)
    measures.untaught(open_tokenizer(options.bundle))
    (options.run / "strokes.json").write_text(json.dumps(measures.out, indent=2) + "\n")
    (options.run / "strokes.md").write_text(as_table(measures.out))
    measures.sheet(options.run / "strokes.svg")


if __name__ == "__main__":
    main()
