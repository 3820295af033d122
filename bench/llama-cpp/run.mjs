/**
 * The rival of text models: node-llama-cpp with a GGUF file, in a process of its own.
 * Usage: node run.mjs FILE THREADS; commands come on stdin, one a line, each answered by one JSON line:
 * `decode CONTEXT` (ms per id), `prefill LENGTH` (ms), `resident` (MiB). So the caller can interleave both libraries.
 */
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { getLlama } from 'node-llama-cpp';

const [path, threads] = process.argv.slice(2);
const llama = await getLlama({
  gpu: false,
  build: 'never',
  maxThreads: Number(threads),
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: 2048, batchSize: 512, threads: Number(threads) });
const sequence = context.getSequence();
console.log(JSON.stringify({ ready: true }));

const prompt = (length) => Array.from({ length }, (_, i) => ((i * 7919 + 13) % 48000) + 20);

const commands = {
  /** Prompt and twelve greedy ids: the times of the later steps. */
  async decode(length) {
    await sequence.clearHistory();
    const times = [];
    for await (const _ of sequence.evaluate(prompt(Number(length)), {
      temperature: 0,
      yieldEogToken: true,
    })) {
      times.push(performance.now());
      if (times.length === 13) break;
    }
    return { gaps: times.slice(3).map((time, i) => time - times[i + 2]) };
  },
  async prefill(length) {
    await sequence.clearHistory();
    const began = performance.now();
    await sequence.evaluateWithoutGeneratingNewTokens(prompt(Number(length)));
    return { ms: performance.now() - began };
  },
  async resident() {
    return { mib: process.memoryUsage().rss / 2 ** 20 };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = line.split(' ');
  console.log(JSON.stringify(await commands[name](...rest)));
}
process.exit(0);
