import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createPipeline } from '@any-to-any/core';
import { imagePlugin } from '@any-to-any/tokenizer-image';
import { chatTemplate, textPlugin } from '@any-to-any/tokenizer-text';

const mem = () =>
  readFileSync('/proc/self/status', 'utf8')
    .match(/(VmHWM|VmRSS|RssAnon|RssFile):\s+(\d+)/g)
    .map((s) => s.replace(/:\s+(\d+)/, (m, a) => ' ' + (a / 1024).toFixed(0)))
    .join(' ');
const cpu = () => {
  const u = process.cpuUsage();
  return ((u.user + u.system) / 1e6).toFixed(1);
};
const model = process.argv[2];
let t = performance.now();
const p = await createPipeline({ model, plugins: [textPlugin(), imagePlugin()] });
console.log('open', ((performance.now() - t) / 1e3).toFixed(1), 's cpu', cpu(), mem());
const chat = chatTemplate(await readFile(model + '/chat.json'));
t = performance.now();
const d = monitorEventLoopDelay({ resolution: 1 });
d.enable();
const limit = Number(process.argv[3] ?? 576);
for await (const e of p.stream({
  content: chat.ask('A red apple on a wooden table, in morning light.', { to: 'image' }),
  to: 'image',
  seed: 1,
})) {
  if (e.type === 'segment-delta')
    console.log(
      'preview',
      e.delta.revision,
      e.delta.sigma,
      ((performance.now() - t) / 1e3).toFixed(1),
      mem(),
    );
  if (e.type === 'progress' && e.done % 32 === 0)
    console.log(e.done, ((performance.now() - t) / 1e3).toFixed(1), 's cpu', cpu(), mem());
  if (e.type === 'progress' && e.done >= limit) break;
}
d.disable();
console.log('delay max ms', d.max / 1e6, 'p99', d.percentile(99) / 1e6);
console.log('end', ((performance.now() - t) / 1e3).toFixed(1), mem());
if (process.argv[4]) {
  t = performance.now();
  const pic = { modality: 'image', width: 384, height: 300, data: new Uint8Array(384 * 300 * 4).fill(90) };
  const a = await p.generate({
    content: chat.ask([pic, 'What is in this picture?']),
    to: 'text',
    options: { text: { maxIds: 8 } },
  });
  console.log(
    'read',
    ((performance.now() - t) / 1e3).toFixed(1),
    JSON.stringify(a.segments[0].content),
    JSON.stringify(a.usage),
    mem(),
  );
}
await p.close();
