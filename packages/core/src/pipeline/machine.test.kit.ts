/** For tests: a machine around fakes. */
import type { Encoder } from '../contract/encoder.ts';
import type { Tokenizer } from '../contract/tokenizer.ts';
import { Scheduler } from '../decoder/scheduler.ts';
import type { Machine } from './machine.ts';

type Given = 'space' | 'engine' | 'generates';
interface Fakes extends Pick<Machine, Given>, Partial<Omit<Machine, Given>> {
  readonly tokenizers: Readonly<Record<string, Tokenizer>>;
  readonly encoder?: (modality: string) => Promise<Encoder | undefined>;
}

export function machineOf({ tokenizers, encoder = async () => undefined, ...own }: Fakes): Machine {
  return {
    scheduler: new Scheduler(own.engine, 4),
    ports: {
      tokenizer: async (modality) => tokenizers[modality]!,
      encoder,
      adapters: async () => [],
      processors: [],
    },
    guides: {},
    voices: {},
    adapters: {},
    defaults: {},
    reads: {},
    unconditional: 'empty',
    closing: new AbortController().signal,
    now: () => 0,
    ...own,
  };
}
