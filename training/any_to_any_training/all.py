"""The whole recipe in one command: every stage of the README in its order, and what each of them took.

    python -m any_to_any_training.all --config configs/tiny.json --run run-tiny
Works in the folder of this README. RUN/stages.json says which stages have finished; such a stage is skipped while what it
made is still there, and one that was stopped goes on."""
import json
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from . import settings
from .data.scene import SIDE

PROGRAMS = ("node", "npm", "flite", "espeak-ng", "text2wave", "fluidsynth", "pocketsphinx_batch")


@dataclass(frozen=True)
class Stage:
    name: str
    makes: str
    command: str  # {run} and {config} as they were given, {scale} of the pictures and {larger}
    section: str = ""  # of the config, that holds its time budget

    def budget(self, config: dict) -> float:
        """Minutes, 0 where a stage ends by itself."""
        return config[self.section]["train"]["minutes"] if self.section else 0.0


def module(name: str) -> str:
    return f"python -m any_to_any_training.{name} --config {{config}} --run {{run}}"


STAGES = (
    Stage("emoji packages", "sprites/node_modules", "npm install --prefix sprites"),
    Stage("sprites", "{run}/sprites", "node sprites/build.mjs {run}/sprites sprites {scale}"),
    Stage("words", "{run}/text.tiktoken", module("data.text_bpe")),
    Stage("image tokenizer", "{run}/tokenizer/state.pt", module("tokenizer.train"), "tokenizer"),
    Stage("reader", "{run}/encoder.pt", module("decoder.warm_encoder"), "reader"),
    Stage("clips", "{run}/sound/clips.i16", module("sound.corpus")),
    Stage("sound codec", "{run}/codec/state.pt", module("sound.train"), "codec"),
    Stage("ids of clips", "{run}/sound/ids.i16", module("sound.ids")),
    Stage("listener", "{run}/sound-encoder.pt", module("sound.warm_encoder"), "listener"),
    Stage("decoder", "{run}/checkpoint/config.json", module("decoder.train"), "decoder"),
    Stage("large sprites", "{run}/sprites-large", "node sprites/build.mjs {run}/sprites-large sprites {larger}"),
    Stage("patch stage", "{run}/patches/config.json", module("patches.train"), "patches"),
    Stage("diffusion baseline", "{run}/diffusion/state.pt", module("diffusion.train"), "diffusion"),
    Stage("scores", "{run}/evaluation.json", "python evaluate.py --config {config} --run {run}"),
    Stage("scores of sound", "{run}/sound-evaluation.json", module("evaluate.sounding")),
    Stage("bundle", "{run}/bundle/manifest.json", "npm run -s any-to-any -- compile {run}/checkpoint {run}/bundle"
          " --quantize int8 --tables f16 --describe ../packages/model-emoji/describe.json"),
)


def filled(template: str, config: Path, run: Path) -> str:
    scale = settings.read(config)["decoder"]["pictures"] // SIDE
    return template.format(config=config, run=run, scale=scale, larger=f"{2 * scale},{4 * scale}")


def run_stage(command: str) -> dict[str, float]:
    """Seconds of the clock and of the processor; ends the program where the stage fails."""
    began, before = time.time(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = command.split()
    status = subprocess.run([sys.executable, *words[1:]] if words[0] == "python" else words).returncode
    if status:
        raise SystemExit(f"{command}: ended with {status}. What has finished is kept; the same command goes on from here.")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": round(time.time() - began, 1), "cpu": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1)}


def table(took: dict[str, dict[str, float]], config: dict) -> str:
    stages = [stage for stage in STAGES if stage.name in took]
    rows = [(stage.name, 60 * stage.budget(config), took[stage.name]["wall"], took[stage.name]["cpu"]) for stage in stages]
    rows.append(("together", *(sum(column) for column in list(zip(*rows))[1:])))
    return "\n".join([f"{'stage':20} {'budget':>7} {'clock':>7} {'cores':>7}  seconds",
                      *(f"{name:20} {budget or '':>7} {wall:7.0f} {cpu:7.0f}" for name, budget, wall, cpu in rows)])


def main() -> None:
    options = settings.options(__doc__).parse_args()
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"Not installed: {', '.join(missing)}. The README says what to install.")
    config, record = settings.read(options.config), options.run / "stages.json"
    options.run.mkdir(parents=True, exist_ok=True)
    took = json.loads(record.read_text()) if record.exists() else {}
    for stage in STAGES:
        if stage.name in took and Path(filled(stage.makes, options.config, options.run)).exists():
            continue
        command = filled(stage.command, options.config, options.run)
        print(f"== {stage.name}: {command}", flush=True)
        took[stage.name] = run_stage(command)
        record.write_text(json.dumps(took, indent=1) + "\n")
    print(table(took, config))


if __name__ == "__main__":
    main()
