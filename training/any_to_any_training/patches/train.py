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
from ..data.compose import Atlas
from ..data.splits import training_scene
from ..decoder.optimiser import Optimiser
from ..pictures import curves
from ..schedule import rate
from ..settings import begin, read, trainer_options
from ..tokenizer.restore import load_tokenizer
from .data import KINDS, PATCHES, SIDE, Pictures, hide_later, id_windows, patches, to_range, windows
from .export import export
from .measure import measure, samples
from .memory import averages, errors, fill
from .model import HALO, PatchConfig, PatchStage
from .sample import first_stage, float_windows, into, refine
from .schedule import sigmas

PREVIEWS = 0.15  # share of windows as they are while ids come
ROLLED = 0.75  # share of states that the stage made itself, as it will meet them
GRAIN = 0.3  # noise of the other states, per sigma
FORGOTTEN = 0.03  # share of patches whose ids are not told
AGAIN = 4  # every so many steps the second enlargement learns too


def places(at: list[tuple[int, int, int]], side: int) -> Tensor:
    """int64 [N, 2] row and column; half of either as in a picture twice as large, where there are more than `side`."""
    return torch.tensor([(row, column) for _, row, column in at]) + side * torch.randint(0, 2, (len(at), 2))


def first_batch(pictures: Pictures, model: PatchStage, levels: list[float], count: int, random: Random):
    """`count` patches at 64 px: (draft, state, sigma, place, ids), and their truth at 16 and 32 px."""
    at = pictures.choose(random, count, range(len(pictures)))
    arrays, early = pictures.arrays, int(count * PREVIEWS)
    window = windows(arrays["exact"], at)
    window[:early] = windows(arrays["preview"], at[:early])
    hide_later(window[:early])
    ids = torch.from_numpy(id_windows(arrays["ids"], at, model.config.codes))
    ids[:early] = torch.from_numpy(id_windows(arrays["ids"], at[:early], model.config.codes, later=False))
    ids[torch.rand(count) < FORGOTTEN] = model.config.codes
    draft, place = to_range(window), places(at, PATCHES)
    sharp, large = patches(arrays["truth1"], at, 1), patches(arrays["truth2"], at, 2)
    own = draft[:, :, HALO:-HALO, HALO:-HALO]
    sigma = (torch.randn(count) * 1.2 - 1.2).exp().clamp(levels[-2], levels[0])
    share = (sigma / levels[0])[:, None, None, None]
    state = sharp + share * (own - sharp) + GRAIN * sigma[:, None, None, None] * torch.randn_like(own)
    rolled = torch.randperm(count)[: int(count * ROLLED)]
    steps = random.randrange(len(levels) - 1)
    made, _ = refine(model, draft[rolled], place[rolled], ids[rolled], levels, steps)
    state[rolled], sigma[rolled] = made[-1], levels[steps]
    return (draft, into(draft, state), sigma, place, ids), sharp, large


def second_batch(pictures: Pictures, model: PatchStage, levels: list[float], count: int, random: Random):
    """`count` patches of 128 px pictures that the first stage has enlarged, and their truth."""
    chosen = [random.randrange(len(pictures)) for _ in range(2)]
    _, enlarged = first_stage(model, pictures.arrays["exact"][chosen], pictures.arrays["ids"][chosen], levels)
    truth = [(i, 2 * row + random.randrange(2), 2 * column + random.randrange(2)) for i, row, column in pictures.choose(random, count, chosen)]
    at = [(chosen.index(i), row, column) for i, row, column in truth]
    draft, place = float_windows(enlarged, at), places(at, 2 * PATCHES)
    ids, sigma = torch.full((count, 4, 4), model.config.codes), torch.zeros(count)
    return (draft, draft, sigma, place, ids), patches(pictures.arrays["truth2"], truth, 1), patches(pictures.arrays["truth4"], truth, 2)


def loss_of(model: PatchStage, inputs, sharp: Tensor, large: Tensor, start: float, enlarging: float) -> tuple[Tensor, dict[str, float]]:
    """Pseudo-Huber on the patch, heavier where less noise is left; L1 and gradient L1 on the enlargement."""
    made, enlarged = model(*inputs)
    weight = (start / inputs[2].clamp(min=1e-6)).clamp(max=2)[:, None, None, None]
    weight = torch.where(inputs[2][:, None, None, None] > 0, weight, weight.new_zeros(()))  # sigma 0: nothing to sharpen
    near = (weight * (((made - sharp) ** 2 + 0.03**2).sqrt() - 0.03)).mean()
    far = (enlarged - large).abs().mean()
    for axis in (-1, -2):
        far = far + 0.1 * (enlarged.diff(dim=axis) - large.diff(dim=axis)).abs().mean()
    return near + enlarging * far, {"near": near.item(), "far": far.item()}


def kind(name: str, value: nn.Parameter, _: str | None) -> str:
    """Which rate of the optimiser: Muon for the products inside the blocks, more for tables, whose rows are seen rarely."""
    if name.split(".")[0] in ("table", "row", "column"):
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
    model = PatchStage(PatchConfig(codes=tokenizer.config.codes, **config["model"])).to(memory_format=torch.channels_last)
    if model.memory is not None:
        model.memory.requires_grad_(False)
        if not (folder / "state.pt").exists():
            print(fill(model.memory, *averages(*errors(tokenizer, Atlas(options.run / "sprites")))))
    average = Average(model, train["average"])
    optimiser = Optimiser(model, train, kind)
    step, spent = 0, 0.0
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=False)
        model.load_state_dict(state["model"]), average.model.load_state_dict(state["average"])
        optimiser.restore(state["optimiser"])
        step, spent = state["step"], state["spent"]
    random = Random(train["seed"] + step)
    pictures = Pictures(options.run, tokenizer, [training_scene(random, KINDS) for _ in range(train["pool"])])
    budget = 60 * (options.minutes or train["minutes"])
    log = (folder / "log.jsonl").open("a")
    began, again = time.time(), {}
    saved = began
    while (passed := spent + time.time() - began) < budget:
        progress = passed / budget
        if step % 16 == 15:
            pictures.renew(random, 4)
        enlarging = min(1.0, 0.2 + 4 * progress)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=train["bf16"]):
            first = first_batch(pictures, average.model, levels, train["batch"], random)
            loss, parts = loss_of(model, *first, levels[0], enlarging)
            if step % AGAIN == 0:
                more, again = loss_of(model, *second_batch(pictures, average.model, levels, train["batch"] // 2, random), levels[0], enlarging)
                loss = loss + more
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step(rate(int(progress * 10000), 10000, 1.0))  # the schedule follows the clock, as everywhere here
        average.update(model, step)
        step += 1
        if not math.isfinite(loss.item()):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
        if step % 20 == 0:
            shown = parts | ({"again": again["far"]} if again else {})
            record = {"step": step, **{k: round(v, 5) for k, v in shown.items()}, "minutes": round((spent + time.time() - began) / 60, 2)}
            log.write(json.dumps(record) + "\n")
            log.flush()
        if time.time() - saved > 120 or spent + time.time() - began >= budget:
            saved = time.time()
            state = {"model": model.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state(),
                     "config": config["model"], "stage": config["stage"], "codes": tokenizer.config.codes, "step": step, "spent": spent + saved - began}
            torch.save(state, folder / "state.tmp")
            os.replace(folder / "state.tmp", folder / "state.pt")
            curves(folder / "log.jsonl", ["near", "far", "again"], folder / "curves.png")
    print(json.dumps(measure(average.model, tokenizer, options.run, levels, 32)))
    samples(average.model, tokenizer, options.run, levels, folder / "samples.png")
    export(options.run)


if __name__ == "__main__":
    main()
