"""Speaks the sentences and plays the sounds: RUN/sound/clips.i16 (all samples), RUN/sound/phones.u8 (the
phone of every frame as an index of phones.json, 0 where the speaking program tells none) and RUN/sound/index.json.

    python -m any_to_any_training.sound.corpus --config configs/small.json --run run
An entry of the index: kind (speech, sound), split (train, unseen, voice), voice, language, text, scene, start, length."""
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from random import Random

import numpy as np

from .. import settings
from ..data.concepts import CONCEPTS
from ..data.scene import Scene
from .sentences import name_scene, sentences, spoken
from .sounds import SOUNDS, play
from .voices import STRIDE, VOICES, Spoken, speak


def speech_jobs(count: int, tests: int) -> list[dict]:
    """Every voice says every name; each sentence is said by one or two of the voices of its language that the decoder may
    learn, and by one of those that are only heard, where there are any."""
    random, jobs = Random(7), []
    known, unseen = sentences(random, count, unseen=False), sentences(random, tests, unseen=True)
    for language in ("en", "ko"):
        own = [voice for voice in VOICES.values() if voice.language == language]
        seen, heard = [voice for voice in own if voice.wording], [voice for voice in own if voice.only_heard]
        for concept in range(len(CONCEPTS)):
            jobs += [job(name_scene(concept), voice.name, language, "voice" if voice.held_out else "train") for voice in own]
        for scene in known:
            jobs += [job(scene, voice.name, language, "train") for voice in random.sample(seen, 1 + (random.random() < 0.3))]
            jobs += [job(scene, random.choice(heard).name, language, "train") for _ in heard[:1]]
        for scene in unseen:
            jobs += [job(scene, random.choice(seen).name, language, "unseen")]
            jobs += [job(scene, voice.name, language, "voice") for voice in own if voice.held_out]
    return jobs


def job(scene: Scene, voice: str, language: str, split: str) -> dict:
    return {"kind": "speech", "split": split, "voice": voice, "language": language, "text": spoken(scene, language), "scene": asdict(scene)}


def make(entry: dict) -> Spoken:
    if entry["kind"] == "speech":
        return speak(entry["text"], VOICES[entry["voice"]])
    samples = play(entry["sound"], entry["variant"])
    return Spoken(samples, ("",) * (len(samples) // STRIDE))


def main() -> None:
    options = settings.options(__doc__).parse_args()
    size = settings.read(options.config)["corpus"]
    folder = options.run / "sound"
    folder.mkdir(parents=True, exist_ok=True)
    entries = speech_jobs(size["sentences"], size["tests"])
    sounds = [{"kind": "sound", "split": "unseen" if variant >= 12 else "train", "sound": name, "variant": variant}
              for name in SOUNDS for variant in range(15)]
    at, done, phones = 0, [], []
    with ThreadPoolExecutor(2) as pool, (folder / "clips.tmp").open("wb") as file:
        for entry, clip in zip(sounds + entries, pool.map(make, sounds + entries)):
            file.write(clip.samples.astype("<i2").tobytes())
            done.append(entry | {"start": at, "length": len(clip.samples)})
            phones += clip.phones
            at += len(clip.samples)
    (folder / "clips.tmp").rename(folder / "clips.i16")
    (folder / "index.json").write_text(json.dumps(done, ensure_ascii=False))
    symbols = ["", *sorted(set(phones) - {""})]
    (folder / "phones.json").write_text(json.dumps(symbols))
    np.array([symbols.index(phone) for phone in phones], np.uint8).tofile(folder / "phones.u8")
    seconds = np.array([entry["length"] for entry in done]) / 16_000
    print(f"{len(done)} clips, {seconds.sum() / 3600:.2f} h, mean {seconds.mean():.2f} s, 95 % below {np.quantile(seconds, 0.95):.2f} s")


if __name__ == "__main__":
    main()
