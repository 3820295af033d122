/** The published suite for adapters. */
import assert from 'node:assert/strict';
import type { Adapter } from '../contract/adapter.ts';
import type { Content } from '../contract/content.ts';
import type { Delta } from '../contract/delta.ts';
import type { Shape } from '../contract/layout.ts';
import { type Case, drain, iterate } from './case.ts';

export interface AdapterSubject {
  create(): Promise<Adapter>;
  readonly shape: Shape;
  /** Deltas of one whole segment of the adapter's modality, in order. */
  readonly deltas: readonly Delta[];
  join(deltas: readonly Delta[]): Content;
}

export function adapterSuite(subject: AdapterSubject): Case[] {
  const { shape, deltas } = subject;
  const check = (name: string, run: (adapter: Adapter) => Promise<void>): Case => ({
    name: `adapter: ${name}`,
    run: async () => run(await subject.create()),
  });
  return [
    check('has a name and a modality', async (adapter) => {
      assert.ok(adapter.name.length > 0);
      assert.equal(adapter.modality, deltas[0]!.modality);
    }),
    check('gives deltas of its modality that join to content', async (adapter) => {
      const adapted = await drain(adapter.adapt(iterate(deltas), { shape }));
      for (const delta of adapted) assert.equal(delta.modality, adapter.modality);
      assert.equal(subject.join(adapted).modality, adapter.modality);
    }),
    check('passes what it does not know', async (adapter) => {
      const foreign: Delta = { modality: `${adapter.modality}-not` };
      assert.deepEqual(await drain(adapter.adapt(iterate([foreign]), { shape })), [foreign]);
    }),
    check('gives nothing for an empty segment', async (adapter) => {
      assert.deepEqual(await drain(adapter.adapt(iterate([]), { shape })), []);
    }),
    check('stops pulling when its consumer stops', async (adapter) => {
      let stopped = false;
      const source = async function* (): AsyncGenerator<Delta> {
        try {
          yield* deltas;
        } finally {
          stopped = true;
        }
      };
      for await (const _ of adapter.adapt(source(), { shape })) break;
      assert.ok(stopped, 'the source of deltas was not closed');
    }),
  ];
}
