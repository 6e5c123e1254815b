import react from '@vitejs/plugin-react';
import { defineConfig, type HtmlTagDescriptor, type Plugin } from 'vite';

/** The root is imported once the connection has begun, but its files are wanted at once, and its styles before it. */
const preloadRoot: Plugin = {
  name: 'preload-root',
  transformIndexHtml: {
    order: 'post',
    handler(_html, { bundle, path }) {
      if (path !== '/index.html') return [];
      const chunks = Object.values(bundle ?? {}).filter((output) => output.type === 'chunk');
      const wanted = new Set(chunks.filter(({ facadeModuleId }) => facadeModuleId?.endsWith('/renderer/root.tsx')));
      // A set that grows while it is gone through: what is imported by what is imported.
      for (const { imports } of wanted) {
        for (const chunk of chunks) if (imports.includes(chunk.fileName)) wanted.add(chunk);
      }
      const tagOf = (rel: string) => (name: string) => ({
        ...{ tag: 'link', injectTo: 'head' },
        attrs: { rel, crossorigin: true, href: `./${name}` },
      });
      // Styles of what is imported come before those of what imports it.
      const styles = new Set([...wanted].reverse().flatMap(({ viteMetadata }) => [...(viteMetadata?.importedCss ?? [])]));
      return [
        ...[...styles].map(tagOf('stylesheet')),
        ...[...wanted].map(({ fileName }) => fileName).map(tagOf('modulepreload')),
      ] as HtmlTagDescriptor[];
    },
  },
};

/** The page. One build is loaded over http and over the app's own scheme, so every address in it is relative. */
export default defineConfig({
  root: 'renderer',
  base: './',
  plugins: [react(), preloadRoot],
  build: {
    outDir: '../out/page',
    emptyOutDir: true,
    target: 'es2023',
    // A `data:` address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    // It is loaded from this machine.
    chunkSizeWarningLimit: 1000,
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['renderer/index.html', 'renderer/quick-add.html'] },
  },
});
