import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The page of Studio → `dist/page`; the server hands out what lies there. */
export default defineConfig({
  root: fileURLToPath(new URL('src/page', import.meta.url)),
  base: './',
  build: {
    outDir: fileURLToPath(new URL('dist/page', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Nothing is inlined: the page's content security policy allows files of its own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
