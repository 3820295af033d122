export { decodeFrame, encodeFrame, type Failure, type Frame, frameVersion, toFrames } from './frame.ts';
