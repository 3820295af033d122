"""Voices: who speaks the training sentences. flite, festival and espeak-ng speak English, espeak-ng Korean; all are called
as programs.

A held-out voice is heard in evaluation only; one without a wording is only ever listened to."""
import re
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

RATE = 16_000
STRIDE = 320  # samples per frame of the codec


@dataclass(frozen=True)
class Voice:
    name: str
    language: str
    command: tuple[str, ...]  # with {file} and {text}; without {text}, it reads the text from its standard input
    wording: str = ""  # what a prompt calls it; "" if no prompt may ask for it
    held_out: bool = False

    @property
    def only_heard(self) -> bool:
        """Trains the listener and is never generated."""
        return not self.wording and not self.held_out


def flite(voice: str) -> tuple[str, ...]:
    """Prints the phones with their ends, in seconds; the sound goes to a file."""
    return ("flite", "-voice", voice, "--setf", "duration_stretch=0.8", "-psdur", "-o", "{file}", "-t", "{text}")


def espeak(voice: str, words_a_minute: int = 200) -> tuple[str, ...]:
    return ("espeak-ng", "-v", voice, "-s", str(words_a_minute), "-w", "{file}", "{text}")


def festival(voice: str) -> tuple[str, ...]:
    return ("text2wave", "-eval", f"(voice_{voice})", "-eval", "(Parameter.set 'Duration_Stretch 0.85)", "-o", "{file}")


# Other throats, other accents: what is heard should not be what three people from America sound like.
ACCENTS = ("en-us+f2", "en-us+m4", "en-us+klatt4", "en-us+linda", "en-us-nyc+m3", "en-029+f1", "en-gb-x-rp+f4", "en-gb-x-rp+m6",
           "en-gb-scotland+m2", "en-gb-scotland+f3", "en-gb-x-gbclan+m7", "en-gb-x-gbcwmd+m5")
DIPHONES = ("cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone")


VOICES = {voice.name: voice for voice in [
    Voice("woman-en", "en", flite("slt"), "a woman's voice"),
    Voice("man-en", "en", flite("rms"), "a man's voice"),
    Voice("robot-en", "en", flite("kal16"), "a robot's voice"),
    Voice("scot-en", "en", flite("awb"), "", held_out=True),
    Voice("woman-ko", "ko", espeak("ko+f3"), "a woman's voice"),
    Voice("man-ko", "ko", espeak("ko+m3"), "a man's voice"),
    Voice("robot-ko", "ko", espeak("ko+klatt2"), "a robot's voice"),
    Voice("other-ko", "ko", espeak("ko+f5"), "", held_out=True),
    *(Voice(name, "en", festival(name)) for name in DIPHONES),
    *(Voice(name, "en", espeak(name, 175 + 10 * (at % 4))) for at, name in enumerate(ACCENTS)),
]}
DEFAULT = {"en": "woman-en", "ko": "woman-ko"}


@dataclass(frozen=True)
class Spoken:
    samples: np.ndarray  # int16 [N] at 16 kHz: silence around the words cut to 40 ms, equal loudness, whole frames
    phones: tuple[str, ...]  # one a frame, "" where the program tells none


def speak(text: str, voice: Voice) -> Spoken:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        given = {"{file}": file.name, "{text}": text}
        command = [given.get(part, part) for part in voice.command]
        told = subprocess.run(command, input=text, capture_output=True, check=True, text=True).stdout
        rate, samples = read_wav(Path(file.name).read_bytes())
    samples = samples.astype(np.float32) / 32768
    if rate != RATE:
        ratio = Fraction(RATE, rate)
        samples = resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)
    start, _ = sounding(samples)
    finished = finish(samples, loudness=0.08)
    return Spoken(finished, phones_by_frame(told, start, len(finished) // STRIDE))


def phones_by_frame(told: str, start: int, frames: int) -> tuple[str, ...]:
    """"pau:0.172 ax:0.210 ..." -> the phone at the middle of every frame of the sound that was cut at `start`."""
    segments = [(name, float(end)) for name, end in re.findall(r"([a-z]+):([0-9.]+)", told)]
    if not segments:
        return ("",) * frames
    ends = np.array([end for _, end in segments])
    middles = (start + STRIDE * (np.arange(frames) + 0.5)) / RATE
    return tuple(segments[min(at, len(segments) - 1)][0] for at in np.searchsorted(ends, middles))


def read_wav(data: bytes) -> tuple[int, np.ndarray]:
    """Sizes in the header of a piped WAV are not to be trusted; the data chunk reaches to the end."""
    with wave.open(BytesIO(data)) as file:
        rate = file.getframerate()
    start = data.index(b"data") + 8
    usable = (len(data) - start) // 2 * 2
    return rate, np.frombuffer(data[start : start + usable], "<i2")


def finish(samples: np.ndarray, loudness: float, longest: float = 4.0) -> np.ndarray:
    """Trims, sets the RMS of the sounding part, pads to whole frames. -> int16"""
    start, end = sounding(samples)
    samples = samples[start:end][: int(longest * RATE)]
    samples = samples * (loudness / np.sqrt((samples**2).mean() + 1e-9))
    samples = samples / max(1.0, np.abs(samples).max() / 0.95)
    samples = np.pad(samples, (0, -len(samples) % STRIDE))
    return (samples * 32767).astype(np.int16)


def sounding(samples: np.ndarray) -> tuple[int, int]:
    """Where the sound begins and ends, with 40 ms around it."""
    frames = np.abs(samples[: len(samples) // 160 * 160]).reshape(-1, 160).max(1)
    loud = np.flatnonzero(frames > 0.02 * frames.max())
    return max(0, (loud[0] - 4) * 160), min(len(samples), (loud[-1] + 5) * 160)
