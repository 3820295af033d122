/**
 * Ask: what an app asks for over the wire. The request of a pipeline, and files whose bytes the server reads.
 */
import type { Content, Mark, Request } from '@any-to-any/core';

/** A file as it is, such as a PNG; the server turns it into content, within its limits. */
export interface FileContent {
  readonly modality: string;
  readonly file: Uint8Array;
}

export interface Ask extends Omit<Request, 'content' | 'signal'> {
  readonly content?: readonly (string | Content | Mark | FileContent)[] | undefined;
}
