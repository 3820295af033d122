/** For tests: the process of `main.ts` with fakes, each step of which takes DELAY milliseconds. Says when it listens. */
import { fakePlugin } from './fakes.test.kit.ts';
import { startProcess } from './start.ts';

const ended = startProcess([fakePlugin(Number(process.env['DELAY'] ?? 0))]);
process.stderr.write('listening\n');
await ended;
