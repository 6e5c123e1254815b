/** Makes the command one file, out/sluice.cjs, that runs with Node alone. `npx node build/build-cli.mjs` */
import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(`${root}/package.json`, 'utf8'));
const outfile = process.argv[2] ?? `${root}/out/sluice.cjs`;

// In the language of 2015: this has to run where the rest cannot.
const banner = `#!/usr/bin/env node
(function () {
  var found = process.versions.node.split('.');
  if (Number(found[0]) > 22 || (Number(found[0]) === 22 && Number(found[1]) >= 19)) return;
  console.error('sluice needs Node 22.19 or newer; this is v' + process.versions.node);
  process.exit(1);
})();`;

/**
 * Of undici the engine uses HTTP/1.1 with bodies of text or bytes: its HTTP/2, FormData and second parser would only have to be
 * read at each start. Without them loading takes half the time.
 */
const unused = /^(\.\/client-h2\.js|\.\.\/web\/fetch\/(body\.js|formdata)|\.\.\/web\/webidl)$/;
/** @type {import('esbuild').Plugin} */
const leaveOut = {
  name: 'leave out what is never called',
  setup(builder) {
    builder.onResolve({ filter: unused }, ({ path, importer }) =>
      importer.includes('/node_modules/undici/lib/') ? { path, namespace: 'left-out' } : undefined,
    );
    builder.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
      contents: `module.exports = () => { throw new Error(${JSON.stringify(`${path} was left out of this build`)}) }`,
    }));
  },
};

await build({
  absWorkingDir: root,
  entryPoints: ['electron/cli.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // An old Node parses the whole file before it runs the first line, which tells the user to update.
  // Not older than 14.6: before it private methods would become look-ups in weak maps, on every byte's path.
  target: 'node14.6',
  banner: { js: banner },
  // The second is what undici asks whether it is bundled without its experimental parser.
  define: { SLUICE_VERSION: JSON.stringify(version), esbuildDetection: 'true' },
  plugins: [leaveOut],
  // A third of the size: V8 reads all of it before the first line runs. Names stay, for SLUICE_DEBUG.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'eof',
  logLevel: 'warning',
});
await chmod(outfile, 0o755);
