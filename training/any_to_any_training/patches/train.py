"""Trains the patch stage on what a finished tokenizer draws; resumable. Needs RUN/sprites, RUN/sprites-large and RUN/tokenizer.

    python -m any_to_any_training.patches.train --config configs/small.json --run run --minutes 25
Writes RUN/patches/{state.pt, log.jsonl, curves.png, samples.png} and, at the end, what `export.py` writes."""
import json
import math
import os
import time
from random import Random

import torch
from torch import Tensor, nn

from ..average import Average
from ..data.splits import training_scene
from ..decoder.optimiser import Optimiser
from ..pictures import curves
from ..schedule import rate
from ..settings import begin, read, trainer_options
from ..tokenizer.restore import load_tokenizer
from .data import KINDS, Pictures, hide_later, id_windows, patches, sources, to_range, windows
from .export import export
from .measure import measure, samples
from .memory import fill
from .model import PatchConfig, PatchStage, middle
from .sample import into, refine
from .schedule import sigmas

PREVIEWS = 0.15  # share of windows as they are while ids come
ROLLED = 0.75  # share of states that the stage made itself, as it will meet them
GRAIN = 0.3  # noise of the other states, per sigma


def places(at: list[tuple[int, int, int]], side: int) -> Tensor:
    """int64 [N, 2] row and column; half of either as in a picture twice as large, where there are more of them.
    `side`: patches of a picture."""
    return torch.tensor([(row, column) for _, row, column in at]) + side * torch.randint(0, 2, (len(at), 2))


def batch(pictures: Pictures, model: PatchStage, levels: list[float], count: int, random: Random) -> tuple[tuple[Tensor, ...], dict[int, Tensor]]:
    """`count` patches: (draft, state, sigma, place, ids), and their truth at 16, 32 and 64 px."""
    at = pictures.choose(random, count, range(len(pictures)))
    arrays, early = pictures.arrays, int(count * PREVIEWS)
    window = windows(arrays["exact"], at)
    window[:early] = windows(arrays["preview"], at[:early])
    hide_later(window[:early])
    ids = torch.from_numpy(id_windows(arrays["ids"], at, model.config.codes))
    ids[:early] = torch.from_numpy(id_windows(arrays["ids"], at[:early], model.config.codes, later=False))
    draft, place = to_range(window), places(at, pictures.side)
    truth = {scale: patches(arrays[f"truth{scale}"], at, scale) for scale in (1, 2, 4)}
    own = middle(draft)
    sigma = (torch.randn(count) * 1.2 - 1.2).exp().clamp(levels[-2], levels[0])
    share = (sigma / levels[0])[:, None, None, None]
    state = truth[1] + share * (own - truth[1]) + GRAIN * sigma[:, None, None, None] * torch.randn_like(own)
    rolled = torch.randperm(count)[: int(count * ROLLED)]
    steps = random.randrange(len(levels) - 1)
    made = refine(model, draft[rolled], place[rolled], ids[rolled], levels, steps, remember=False).states
    state[rolled], sigma[rolled] = made[-1], levels[steps]
    return (draft, into(draft, state), sigma, place, ids), truth


def loss_of(model: PatchStage, inputs: tuple[Tensor, ...], truth: dict[int, Tensor], start: float) -> tuple[Tensor, dict[str, float]]:
    """Squared errors, those of the patch heavier where less noise is left. Without the memory, which needs no learning."""
    every = torch.arange(len(inputs[0]))
    made = dict(zip((1, 2, 4), model(*inputs, every, every, remember=False)))
    off = {scale: (made[scale] - truth[scale]).square() for scale in made}
    weight = (start / inputs[2]).clamp(max=2)[:, None, None, None]
    parts = {"sharp": (weight * off[1]).mean(), "twofold": off[2].mean(), "fourfold": off[4].mean()}
    return sum(parts.values()), {name: value.item() for name, value in parts.items()}


def kind(name: str, value: nn.Parameter, _: str | None) -> str:
    """Which rate of the optimiser: Muon for the products inside the blocks, more for tables, whose rows are seen rarely."""
    if name.split(".")[0] in ("row", "column"):
        return "table"
    return "matrix" if name.endswith(("up.weight", "down.weight")) else "other"


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    config = read(options.config)["patches"]
    train, levels = config["train"], sigmas(config["stage"]["schedule"])
    begin(train, options.threads)
    folder = options.run / "patches"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(options.run)
    art = sources(options.run, tokenizer)
    model = PatchStage(PatchConfig(codes=tokenizer.config.codes, **config["model"])).to(memory_format=torch.channels_last)
    if model.memory is not None:
        model.memory.requires_grad_(False)
        if not (folder / "state.pt").exists():
            print(fill(model.memory, art))
    average = Average(model, train["average"])
    optimiser = Optimiser(model, train, kind)
    step, spent = 0, 0.0
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=False)
        model.load_state_dict(state["model"]), average.model.load_state_dict(state["average"])
        optimiser.restore(state["optimiser"])
        step, spent = state["step"], state["spent"]
    random = Random(train["seed"] + step)
    pictures = Pictures(tokenizer, art, [training_scene(random, KINDS) for _ in range(train["pool"])])
    budget = 60 * (options.minutes or train["minutes"])
    log = (folder / "log.jsonl").open("a")
    saved = began = time.time()
    while (passed := spent + time.time() - began) < budget:
        progress = passed / budget
        if step % 16 == 15:
            pictures.renew(random, 4)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=train["bf16"]):
            loss, parts = loss_of(model, *batch(pictures, average.model, levels, train["batch"], random), levels[0])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step(rate(int(progress * 10000), 10000, 1.0))  # the schedule follows the clock, as everywhere here
        average.update(model, step)
        step += 1
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
        if step % 20 == 0:
            record = {"step": step, **{k: round(v, 5) for k, v in parts.items()}, "minutes": round((spent + time.time() - began) / 60, 2)}
            log.write(json.dumps(record) + "\n")
            log.flush()
        if time.time() - saved > 120 or spent + time.time() - began >= budget:
            saved = time.time()
            state = {"model": model.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state(),
                     "config": config["model"], "stage": config["stage"], "codes": tokenizer.config.codes, "step": step, "spent": spent + saved - began}
            torch.save(state, folder / "state.tmp")
            os.replace(folder / "state.tmp", folder / "state.pt")
            curves(folder / "log.jsonl", ["sharp", "twofold", "fourfold"], folder / "curves.png")
    print(json.dumps(measure(average.model, tokenizer, art, levels, 32)))
    samples(average.model, tokenizer, art, levels, folder / "samples.png")
    export(options.run)


if __name__ == "__main__":
    main()
