/**
 * For tests: Studio with the default model in a process of its own, so that its memory is the server's alone.
 * Tells its address, then answers every "memory" with what it holds and "close" by ending.
 */
import process from 'node:process';
import { plugins } from '@any-to-any/cli';
import { createPipeline, locateBundle } from '@any-to-any/core';
import { startStudio } from '@any-to-any/studio';

const [page] = process.argv.slice(2);
const model = locateBundle('@any-to-any/model-emoji', import.meta.url);
const pipeline = await createPipeline({ model, plugins: plugins() });
/** Events pulled from the pipeline, by seed. */
const pulled = {};
let active = 0;
/** Most answers that were under way at once. */
let together = 0;
const counted = {
  ...pipeline,
  async *stream(request) {
    together = Math.max(together, ++active);
    try {
      for await (const event of pipeline.stream(request)) {
        pulled[request.seed] = (pulled[request.seed] ?? 0) + 1;
        yield event;
      }
    } finally {
      active--;
    }
  },
};
const studio = await startStudio({ pipeline: counted, page });

process.on('message', async (message) => {
  if (message === 'memory') {
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({ kind: 'memory', rss, held: heapUsed + external, load: studio.load, pulled, together });
  }
  if (message === 'close') {
    await studio.close();
    await pipeline.close();
    process.disconnect();
  }
});
process.send({ kind: 'ready', socketUrl: studio.socketUrl });
