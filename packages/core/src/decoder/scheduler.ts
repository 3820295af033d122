/**
 * Scheduler: decides which sequences step together. Whoever asks while a step is in flight joins the next one;
 * prompts are cut into chunks that take turns with the others' steps. Knows nothing of ids, memory or graphs.
 */
import type { AppendRequest, AppendResult, Engine } from '../contract/engine.ts';
import { aborted } from '../errors.ts';
import { cutRuns } from './runs.ts';

export interface Job {
  /** Rows that step together, such as the two of guidance; their results come in the same order. */
  readonly requests: readonly AppendRequest[];
  readonly signal?: AbortSignal | undefined;
}

interface Pending extends Job {
  resolve(results: readonly AppendResult[]): void;
  reject(reason: unknown): void;
}

export class Scheduler {
  readonly #engine: Engine;
  readonly #chunk: number;
  #waiting: Pending[] = [];
  #running: Promise<void> | undefined;

  /** `chunk`: most positions of one prefill step. */
  constructor(engine: Engine, chunk: number) {
    this.#engine = engine;
    this.#chunk = chunk;
  }

  /** Appends prompts of any length; resolves with the logits after each one's last position. */
  async prefill(requests: readonly AppendRequest[], signal?: AbortSignal): Promise<readonly AppendResult[]> {
    const results: AppendResult[] = [];
    for (const { sequence, runs, head } of requests) {
      const chunks = cutRuns(runs, this.#chunk);
      let last: readonly AppendResult[] = [];
      for (const [index, chunk] of chunks.entries()) {
        const scored = index === chunks.length - 1 ? { head } : {};
        last = await this.step({ requests: [{ sequence, runs: chunk, ...scored }], signal });
      }
      results.push(last[0] ?? { logits: new Float32Array(0) });
    }
    return results;
  }

  /** One step of a few positions per row. */
  step(job: Job): Promise<readonly AppendResult[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...job, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves once nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the event loop, so that all who were woken by the last step can join this one.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const jobs = this.#waiting;
      this.#waiting = [];
      await this.#together(jobs.filter((job) => !rejectIfAborted(job)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#running = undefined;
  }

  async #together(jobs: readonly Pending[]): Promise<void> {
    if (jobs.length === 0) return;
    const stop = abortWhenAll(jobs.map((job) => job.signal));
    try {
      const results = await this.#engine.append(
        jobs.flatMap((job) => job.requests),
        stop.signal,
      );
      let at = 0;
      for (const job of jobs) {
        const own = results.slice(at, at + job.requests.length);
        at += job.requests.length;
        if (!rejectIfAborted(job)) job.resolve(own);
      }
    } catch (error) {
      if (jobs.length === 1 || stop.signal.aborted) {
        for (const job of jobs) if (!rejectIfAborted(job)) job.reject(error);
      } else {
        // One bad request must not fail the others: each alone finds its own error.
        for (const job of jobs) await this.#together([job]);
      }
    } finally {
      stop.release();
    }
  }
}

/** Rejects the job with ABORTED if its signal has fired, and says whether it did. */
function rejectIfAborted(job: Pending): boolean {
  if (!job.signal?.aborted) return false;
  job.reject(aborted(job.signal, 'decoding'));
  return true;
}

/** A shared step may be terminated only when nobody wants it any more. */
function abortWhenAll(signals: readonly (AbortSignal | undefined)[]): {
  signal: AbortSignal;
  release(): void;
} {
  const controller = new AbortController();
  const check = (): void => {
    if (signals.every((signal) => signal?.aborted)) controller.abort();
  };
  for (const signal of signals) signal?.addEventListener('abort', check, { once: true });
  return {
    signal: controller.signal,
    release() {
      for (const signal of signals) signal?.removeEventListener('abort', check);
    },
  };
}
