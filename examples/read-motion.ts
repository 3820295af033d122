/**
 * A stranger's sensor, read by a small model that was trained for it: accelerometer streams become sentences.
 * Run from the root of the repository: `npm run build && node examples/dist/read-motion.js [COUNT] [MODEL]`
 */
import { drawMotion, openMotionModel, readUnseen } from './motion-model.ts';

const [count = '200', model = 'examples/sensor-model'] = process.argv.slice(2);
const shown = 8;
const pipeline = await openMotionModel(model);
const began = performance.now();
let right = 0;
let read = 0;
for await (const { stream, heard } of readUnseen(pipeline, Number(count))) {
  if (heard === stream.text) right++;
  if (read++ < shown) {
    for (const line of drawMotion(stream.motion)) console.log(`  ${line}`);
    console.log(`  done:  ${stream.text}\n  heard: ${heard}\n`);
  } else if (heard !== stream.text) {
    console.log(`  wrong: ${heard}\n  done:  ${stream.text}`);
  }
}
const each = ((performance.now() - began) / read).toFixed(1);
await pipeline.close();
console.log(`${right} of ${read} streams it never saw are told right, word for word; ${each} ms each.`);
