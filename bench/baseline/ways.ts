/** Which ways are compared, what they are called, and which part of what was seen counts. */
import { draftsOf } from './look.ts';
import type { Drawing, Path } from './path.ts';

export interface Way {
  readonly name: string;
  /** Ways of one path are parts of one run. */
  readonly path: Path;
  readonly part?: ((drawing: Drawing) => Drawing) | undefined;
}

const drafts: Path = { kind: 'autoregressive', previews: 'draft', refine: false };
const exact: Path = { kind: 'autoregressive', previews: 'exact', refine: false };
const refined: Path = { kind: 'autoregressive', previews: 'draft', refine: true };

/** `hasStage`: whether the bundle has a patch stage. */
export function waysOf(hasStage: boolean): Way[] {
  const latent = [40, 100].flatMap((steps) =>
    [false, true].map(
      (previews): Way => ({
        name: `diffusion, ${steps} steps${previews ? ', each shown' : ''}`,
        path: { kind: 'latent', steps, previews },
      }),
    ),
  );
  return [
    { name: 'AR, its drafts alone', path: drafts, part: draftsOf },
    { name: 'AR, drafts, then exact', path: drafts },
    { name: 'AR, exact tokens only', path: exact },
    ...(hasStage ? [{ name: 'AR, drafts, exact, patch stage', path: refined }] : []),
    ...latent,
  ];
}
