/** The published suite for engines. */
import assert from 'node:assert/strict';
import type { Engine, EngineSequence, IdRun } from '../contract/engine.ts';
import { type Case, expectCode } from './case.ts';

export interface EngineSubject {
  create(): Promise<Engine>;
  /** A port with a table and a head, and at least 8 of its ids. */
  readonly port: string;
  readonly ids: readonly number[];
  /** Largest difference between logits that are the same up to rounding. */
  readonly tolerance: number;
}

export function engineSuite(subject: EngineSubject): Case[] {
  const { port, ids, tolerance } = subject;
  const check = (name: string, run: (engine: Engine) => Promise<void>): Case => ({
    name: `engine: ${name}`,
    async run() {
      const engine = await subject.create();
      try {
        await run(engine);
      } finally {
        await engine.close();
      }
    },
  });
  const run = (some: readonly number[]): IdRun => ({ port, ids: Uint32Array.from(some) });
  const append = async (
    engine: Engine,
    sequence: EngineSequence,
    some: readonly number[],
  ): Promise<Float32Array> => {
    const [result] = await engine.append([{ sequence, runs: [run(some)], head: port }]);
    return result!.logits;
  };
  const steps = async (
    engine: Engine,
    sequence: EngineSequence,
    some: readonly number[],
  ): Promise<Float32Array> => {
    let logits = new Float32Array(0);
    for (const id of some) logits = new Float32Array(await append(engine, sequence, [id]));
    return logits;
  };
  return [
    check('counts positions and gives logits only where a head was asked for', async (engine) => {
      const sequence = engine.open();
      const [silent] = await engine.append([{ sequence, runs: [run(ids.slice(0, 3))] }]);
      assert.equal(silent!.logits.length, 0);
      assert.ok((await append(engine, sequence, [ids[3]!])).length > 0);
      assert.equal(sequence.length, 4);
      sequence.dispose();
    }),
    check('gives the same for a prompt at once and position by position', async (engine) => {
      const whole = await append(engine, engine.open(), ids);
      close(await steps(engine, engine.open(), ids), whole, tolerance);
    }),
    check('gives the same alone and in a batch', async (engine) => {
      const alone = await steps(engine, engine.open(), ids.slice(0, 4));
      const [a, b] = [engine.open(), engine.open()];
      await append(engine, a, ids.slice(0, 3));
      await append(engine, b, ids.slice(2, 7));
      const results = await engine.append([
        { sequence: b, runs: [run([ids[0]!])], head: port },
        { sequence: a, runs: [run([ids[3]!])], head: port },
      ]);
      close(results[1]!.logits, alone, tolerance);
    }),
    check('a fork goes on as the original would, bit by bit', async (engine) => {
      const sequence = engine.open();
      await append(engine, sequence, ids.slice(0, 5));
      const fork = sequence.fork();
      const original = await steps(engine, sequence, ids.slice(5));
      assert.deepEqual(await steps(engine, fork, ids.slice(5)), original);
      sequence.dispose();
      assert.equal(fork.length, ids.length);
      fork.dispose();
    }),
    check('forgets what lies beyond a truncation, bit by bit', async (engine) => {
      const sequence = engine.open();
      await append(engine, sequence, ids.slice(0, 4));
      const first = await steps(engine, sequence, ids.slice(4));
      sequence.truncate(4);
      await steps(engine, sequence, [...ids.slice(4)].reverse());
      sequence.truncate(4);
      assert.deepEqual(await steps(engine, sequence, ids.slice(4)), first);
    }),
    check('refuses a disposed sequence and goes on with others', async (engine) => {
      const sequence = engine.open();
      await append(engine, sequence, [ids[0]!]);
      sequence.dispose();
      sequence.dispose();
      await expectCode(() => append(engine, sequence, [ids[1]!]), 'SEQUENCE_DISPOSED');
      await expectCode(() => sequence.fork(), 'SEQUENCE_DISPOSED');
      await append(engine, engine.open(), [ids[1]!]);
    }),
    check('refuses more positions than the context, and keeps the sequence', async (engine) => {
      const sequence = engine.open();
      let used = 0;
      while (used + ids.length <= engine.context) {
        await append(engine, sequence, ids);
        used += ids.length;
      }
      await expectCode(() => append(engine, sequence, ids), 'CONTEXT_FULL');
      assert.equal(sequence.length, used);
    }),
    check('stops when the signal fires, and keeps the sequence', async (engine) => {
      const sequence = engine.open();
      await append(engine, sequence, ids.slice(0, 2));
      const runs = [run([ids[2]!])];
      await expectCode(() => engine.append([{ sequence, runs, head: port }], AbortSignal.abort()), 'ABORTED');
      assert.equal(sequence.length, 2);
      await append(engine, sequence, [ids[2]!]);
    }),
  ];
}

function close(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) <= tolerance, `logit ${i}: ${value} instead of ${expected[i]}`);
  });
}
