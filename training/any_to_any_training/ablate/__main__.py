"""Trains and measures rows of the ablation table, and writes the table; a row that was run with a seed is not run again.

    python -m any_to_any_training.ablate --run run --rows base,buckets,type --steps 400 --seeds 2
Needs RUN/sprites, RUN/tokenizer, RUN/text.tiktoken and RUN/encoder.pt; for the rows of sound RUN/sound and RUN/codec, for those of rerolling RUN/decoder and RUN/judge.pt.
Keeps every result in RUN/ablations and writes ../docs/ablations.md from all of them, and from those of the run --beside. Steps are counted, not minutes, so
that it may share its cores with other work. `--rows` is all of them unless it is given."""
import json
import math
import time
from functools import cache
from pathlib import Path

import torch

from .. import settings
from ..decoder.tasks import World
from ..sound.clips import Clips
from ..sound.measure import distances
from ..sound.train import load_codec
from ..sound.voices import RATE, STRIDE
from .codebooks import held_out_pictures, train_tokenizer
from .decoder import held_out_entropies, load_world, train_decoder
from .reroll import measure_reroll
from .rows import BOOKS, CODEBOOKS, DECODERS, REROLLS, ROWS, SMALLER, changed
from .table import Result, document

HELD_OUT = 256  # examples of a measure
CLIPS = 100


@cache
def world_of(config: Path, run: Path) -> tuple[World, int]:
    return load_world(run, settings.read(config)["decoder"]["train"])


def measure_decoder(name: str, config: Path, run: Path, steps: int, seed: int) -> Result:
    own = changed(settings.read(config)["decoder"], SMALLER, DECODERS[name].change)
    world, codes = world_of(config, run)
    models, seconds = train_decoder(own, world, codes, run / "encoder.pt", steps, seed)
    values = held_out_entropies(models, world, own["train"], HELD_OUT)
    return Result(name, seed, steps, seconds, values, {"parameters": sum(p.numel() for p in models.decoder.parameters())})


def measure_codebook(name: str, run: Path, steps: int, seed: int) -> Result:
    model, quantiser, seconds = train_tokenizer(name, run, steps, seed)
    decibels, used = held_out_pictures(model, quantiser, run, HELD_OUT)
    return Result(name, seed, steps, seconds, {"psnr": decibels}, {"used": used})


def measure_books(name: str, run: Path) -> Result:
    count, codec, clips = int(name.removeprefix("books-")), load_codec(run), Clips(run / "sound")
    if count > codec.config.codebooks:
        raise SystemExit(f"{name}: the sound codec of {run} has {codec.config.codebooks} codebooks")
    began, entries = time.process_time(), clips.select(kind="speech", split="unseen")[:CLIPS]
    mel = [distances(codec, clips, [entry], count)[0]["mel"] for entry in entries]
    return Result(name, 0, 0, time.process_time() - began, {"mel": mel}, {"bits a second": count * math.log2(codec.config.codes) * RATE / STRIDE})


def measure_own_pictures(name: str, run: Path, steps: int, seed: int) -> Result:
    hits, seconds, kept = measure_reroll(0.5 if name == "reroll" else 0.0, run, steps, seed, HELD_OUT)
    return Result(name, seed, steps, seconds, {"judged": hits}, {"kept": kept})


def measure(name: str, config: Path, run: Path, steps: int, seed: int) -> Result:
    if name in BOOKS:
        return measure_books(name, run)
    if name in REROLLS:
        return measure_own_pictures(name, run, steps, seed)
    return measure_codebook(name, run, steps, seed) if name in CODEBOOKS else measure_decoder(name, config, run, steps, seed)


def folder_of(run: Path) -> Path:
    return run / "ablations"


def read_results(*runs: Path) -> dict[str, list[Result]]:
    """By row, in the order of the table; seeds ascending."""
    found = [Result(**json.loads(path.read_text())) for run in runs for path in sorted(folder_of(run).glob("*.json"))]
    return {name: own for name in ROWS if (own := [result for result in found if result.row == name])}


def main() -> None:
    arguments = settings.options(__doc__)
    arguments.add_argument("--rows", type=lambda names: names.split(","), default=list(ROWS))
    arguments.add_argument("--steps", type=int, default=400)
    arguments.add_argument("--seeds", type=int, default=2)
    arguments.add_argument("--to", type=Path, default=Path("../docs/ablations.md"))
    arguments.add_argument("--beside", type=Path, action="append", default=[], help="another run whose results join the tables, say one whose sound codec has more codebooks")
    options = arguments.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        arguments.error(f"no rows are called {', '.join(unknown)}; there are {', '.join(ROWS)}")
    torch.set_num_threads(1)
    folder = folder_of(options.run)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seeds):
        for name in options.rows:
            path = folder / f"{name}-{seed}.json"
            if not path.exists() and not (name in BOOKS and seed):
                result = measure(name, options.config, options.run, options.steps, seed)
                path.write_text(json.dumps(result.to_json() | {"run": options.run.name}))
                means = {key: sum(own) / len(own) for key, own in result.values.items()}
                print(json.dumps({"row": name, "seed": seed, "seconds": round(result.seconds)} | means), flush=True)
            options.to.write_text(document(read_results(options.run, *options.beside)), encoding="utf-8")


if __name__ == "__main__":
    main()
