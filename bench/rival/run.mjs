/**
 * The rival: transformers.js decoding a model directory, in a process of its own.
 * Usage: node run.mjs DIRECTORY; commands come on stdin, one a line, each answered by one JSON line:
 * `decode CONTEXT BATCH` (ms per step), `prefill LENGTH` (ms), `resident` (MiB). So the caller can interleave both libraries.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { AutoModelForCausalLM, BaseStreamer, env, Tensor } from '@huggingface/transformers';

const [directory] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = '';
const model = await AutoModelForCausalLM.from_pretrained(directory, { dtype: 'fp32', device: 'cpu' });
console.log(JSON.stringify({ ready: true }));

class Clock extends BaseStreamer {
  times = [];
  put() {
    this.times.push(performance.now());
  }
  end() {}
}

function inputs(length, batch) {
  const size = batch * length;
  const ids = BigInt64Array.from({ length: size }, (_, i) => BigInt(((i % length) * 7919 + 13) % 16384));
  return {
    input_ids: new Tensor('int64', ids, [batch, length]),
    attention_mask: new Tensor('int64', new BigInt64Array(size).fill(1n), [batch, length]),
  };
}

async function generate(length, count, batch = 1) {
  const streamer = new Clock();
  const began = performance.now();
  await model.generate({
    ...inputs(length, batch),
    max_new_tokens: count,
    min_new_tokens: count,
    do_sample: false,
    streamer,
  });
  const gaps = streamer.times.slice(3).map((time, i) => time - streamer.times[i + 2]);
  return { gaps, first: streamer.times[1] - began };
}

const commands = {
  async decode(context, batch) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const { gaps } = await generate(Number(context), 12, Number(batch));
    delay.disable();
    return { gaps, delay: delay.max / 1e6 };
  },
  async prefill(length) {
    return { ms: (await generate(Number(length), 2)).first };
  },
  async resident() {
    return { mib: process.memoryUsage().rss / 2 ** 20 };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...rest] = line.split(' ');
  console.log(JSON.stringify(await commands[name](...rest)));
}
