export { AnyToAnyError, type ErrorCode } from '../errors.ts';
export { decodeFrame, encodeFrame, type Failure, type Frame, frameVersion, toFrames } from './frame.ts';
export {
  type Cancel,
  type Credit,
  decodeMessage,
  encodeMessage,
  type Generate,
  type Message,
  type Resume,
} from './message.ts';
export type { AdapterCard, ModalityCard, Welcome, WireLimits } from './welcome.ts';
