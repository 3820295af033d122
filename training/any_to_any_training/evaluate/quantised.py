"""What is lost by quantising: the scores of a run, and those of bundles that were compiled from it, on the same items with
the same seeds. Weights are as the bundle has them, arithmetic is float32.

    python -m any_to_any_training.evaluate.quantised --run run int8=../packages/model-emoji/bundle int4=/tmp/int4
Prints a table and writes RUN/quantised.json, and the pictures of the run as it is."""
import json
from copy import deepcopy
from pathlib import Path

from .. import settings
from ..decoder.train import Models
from ..from_bundle import decoder_state, encoder_state, sound_encoder_state
from .run import effort_of, load_models, load_world, options_of, scores


def from_bundle(models: Models, bundle: Path) -> Models:
    """A copy of the models with the bundle's weights."""
    copy, manifest = deepcopy(models), json.loads((bundle / "manifest.json").read_text())
    ports, width = manifest["ports"], manifest["decoder"]["width"]
    copy.decoder.load_state_dict(decoder_state(bundle, manifest))
    copy.encoders["image"].load_state_dict(encoder_state(bundle / ports["image"]["encoder"]["options"]["graph"]))
    copy.encoders["audio"].load_state_dict(sound_encoder_state(bundle / ports["audio"]["encoder"]["options"]["graph"], width))
    return copy


def table(found: dict[str, list[dict]]) -> str:
    first, *others = found
    lines = [f"{'measure':40} {first:>6}" + "".join(f" {name:>6} {'change':>7}" for name in others)]
    for rows in zip(*found.values()):
        scores = [r["score"] for r in rows]
        lines.append(f"{rows[0]['measure']:40} {scores[0]:6.3f}" + "".join(f" {score:6.3f} {score - scores[0]:+7.3f}" for score in scores[1:]))
    return "\n".join(lines)


def main() -> None:
    arguments = options_of(__doc__)
    arguments.add_argument("bundles", nargs="+", metavar="NAME=BUNDLE")
    options = arguments.parse_args()
    settings.take_threads(options.threads)
    models, state = load_models(options.run)
    world = load_world(options.run, state["config"]["train"], settings.read(options.config)["evaluation"]["judge"])
    every = {"fp32": models} | {name: from_bundle(models, Path(path)) for name, path in (pair.split("=", 1) for pair in options.bundles)}
    found = {name: scores(some, *world, effort_of(options), options.run if name == "fp32" else None) for name, some in every.items()}
    (options.run / "quantised.json").write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
