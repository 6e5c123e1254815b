/** Makes the desktop app's two scripts, out/app/main.cjs and out/app/preload.cjs; the page is vite's. `npx node build/build-app.mjs` */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = process.argv[2] ?? `${root}/out/app`;

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'electron/main.ts', preload: 'electron/preload.ts' },
  outdir,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // What Electron 45 has inside.
  target: 'node24',
  external: ['electron'],
  metafile: true,
  // Names stay, so that the stack of a mistake can be read.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
});
// The pictures it needs while it runs; those of the packages stay in build/.
for (const picture of ['tray.png', 'tray@2x.png', 'trayTemplate.png', 'trayTemplate@2x.png']) {
  await cp(`${root}/build/icons/${picture}`, `${outdir}/${picture}`);
}

// The licenses of what is inside, as those licenses ask. The page's are written by vite.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []),
);
let licenses = 'What is built into the main process, and under which terms.\n';
for (const folder of [...packages].sort()) {
  const { name, version, license } = JSON.parse(await readFile(`${root}/${folder}/package.json`, 'utf8'));
  const file = (await readdir(`${root}/${folder}`)).find((each) => /^licen[cs]e/i.test(each));
  const text = file === undefined ? '' : await readFile(`${root}/${folder}/${file}`, 'utf8');
  licenses += `\n${'-'.repeat(80)}\n${name} ${version}, ${license}\n\n${text.trim()}\n`;
}
await writeFile(`${outdir}/licenses.txt`, licenses);
