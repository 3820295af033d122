/**
 * Player: sound as it comes, without gaps. Every piece begins exactly where the one before it ends, counted in
 * samples; only if the next piece is late is there a pause, and then it goes on from where it was.
 */

/** The part of an AudioContext that is used. */
export interface AudioContextLike {
  readonly currentTime: number;
  readonly destination: AudioNode;
  createBuffer(channels: number, length: number, rate: number): AudioBuffer;
  createBufferSource(): AudioBufferSourceNode;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export interface PlayerOptions {
  /** Samples per second, Hz. The context gets the same, so that nothing is resampled piece by piece. */
  readonly rate: number;
  readonly context?: AudioContextLike | undefined;
  /** Seconds between the first piece and its sound; covers small delays of the next. Default 0.1. */
  readonly lead?: number | undefined;
}

export class Player {
  readonly #rate: number;
  readonly #lead: number;
  readonly #context: AudioContextLike;
  readonly #playing = new Set<AudioBufferSourceNode>();
  /** When sample 0 of the current run sounds, seconds of the context; undefined before the first piece. */
  #origin: number | undefined;
  /** Samples of the current run that are scheduled. */
  #scheduled = 0;
  #before = 0;
  #ended: (() => void) | undefined;

  constructor({ rate, context = new AudioContext({ sampleRate: rate }), lead = 0.1 }: PlayerOptions) {
    this.#rate = rate;
    this.#lead = lead;
    this.#context = context;
  }

  /** Seconds that have sounded, pauses not counted. */
  get position(): number {
    if (this.#origin === undefined) return 0;
    const heard = Math.max(0, this.#context.currentTime - this.#origin);
    return (this.#before + Math.min(heard * this.#rate, this.#scheduled)) / this.#rate;
  }

  /** Seconds that were handed in. */
  get duration(): number {
    return (this.#before + this.#scheduled) / this.#rate;
  }

  /** Appends samples in −1…1. */
  play(samples: Float32Array): void {
    if (samples.length === 0) return;
    void this.#context.resume();
    const now = this.#context.currentTime;
    const next = this.#origin === undefined ? -1 : this.#origin + this.#scheduled / this.#rate;
    if (next < now) {
      this.#before += this.#scheduled;
      this.#scheduled = 0;
      this.#origin = now + this.#lead;
    }
    const buffer = this.#context.createBuffer(1, samples.length, this.#rate);
    buffer.getChannelData(0).set(samples);
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    source.onended = () => {
      this.#playing.delete(source);
      if (this.#playing.size === 0) this.#ended?.();
    };
    this.#playing.add(source);
    source.start(this.#origin! + this.#scheduled / this.#rate);
    this.#scheduled += samples.length;
  }

  /** Resolves when everything handed in so far has sounded. */
  async finished(): Promise<void> {
    while (this.#playing.size > 0) {
      await new Promise<void>((resolve) => {
        this.#ended = resolve;
      });
    }
  }

  /** Silence, at once and for good. */
  async stop(): Promise<void> {
    for (const source of this.#playing) source.stop();
    this.#playing.clear();
    this.#ended?.();
    await this.#context.close();
  }
}
