/**
 * A guard must be seen to bite. Forbidden imports and globals are planted in a copy of the tree's configuration, where the
 * linter and the compiler must refuse every one of them and nothing else; and in the real tree both must see every source
 * file, because a check that looks at no files passes too.
 */
import { execFile } from 'node:child_process';
import { cp, glob, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const runtimes = ['shared', 'electron', 'renderer', 'test', 'build'];

/** By folder: what its files may import, and what they may not. */
const imports: Record<string, { legal: string[]; forbidden: string[] }> = {
  shared: {
    legal: ['zod', './legal-1.ts'],
    forbidden: ['node:fs', 'fs', 'undici', '#engine', '../electron/engine/clock.ts', './../electron/engine/clock.ts'],
  },
  'electron/engine': {
    legal: ['node:fs', 'node:fs/promises', 'tough-cookie', '#shared/failure', './clock.ts', '#engine/clock'],
    forbidden: ['undici', 'electron', 'zod', 'fs', '#downloads', '#ipc/answer', '../downloads/index.ts', './../cli.ts'],
  },
  'electron/downloads': {
    legal: ['node:path', '#engine', '#shared/download', './queue.ts', '#downloads/list/turn'],
    forbidden: ['undici', 'conf', '#engine/limiter', '#ipc/answer', '../engine/limiter.ts'],
  },
  'electron/ipc': {
    legal: ['zod', '#downloads', '#shared/contract', './answer.ts'],
    forbidden: ['electron', 'node:fs', '#engine', '#downloads/list/turn', '#server/http', '../downloads/index.ts'],
  },
  'electron/desktop': {
    legal: ['electron', 'electron-store', 'node:os', '#ipc/answer', '#downloads', '#shared/download', './tray.ts'],
    forbidden: ['hono', 'undici', '#engine', '#server/http', '#command/get', '../main.ts'],
  },
  'electron/server': {
    legal: ['hono', 'hono/cookie', '@hono/node-server', 'ws', 'conf', 'node:http', '#ipc/answer', '#downloads'],
    forbidden: ['electron', 'electron-store', 'commander', '#engine', '#desktop/tray', '../engine/index.ts'],
  },
  'electron/command': {
    legal: ['commander', 'cli-progress', 'conf', 'node:process', '#ipc/answer', '#downloads', '#shared/failure'],
    forbidden: ['electron', 'undici', '#engine', '#server/http', '../engine/index.ts', '../cli.ts'],
  },
  'renderer/features/list': {
    legal: ['react', 'react-dom/client', 'zustand', '#shared/format', './row.tsx', '../../ui/button.tsx'],
    forbidden: [
      'electron',
      'node:fs',
      '#engine',
      '#ipc/answer',
      '../../../electron/ipc/answer.ts',
      './../../../shared/failure.ts',
    ],
  },
  'test/engine': {
    legal: ['vitest', '../../electron/engine/clock.ts', '../support/clock.ts', '#engine'],
    forbidden: ['../../out/sluice.cjs'],
  },
};

/** The files with rules of their own. */
const rootImports: Record<string, { legal: string[]; forbidden: string[] }> = {
  'electron/main.ts': {
    legal: ['electron', '#desktop/window', '#server/start', '#command/program', '#engine'],
    forbidden: ['undici', 'hono', './engine/clock.ts', './desktop/window.ts'],
  },
  'electron/cli.ts': { legal: ['#command/get', '#server/http', '#engine'], forbidden: ['electron', 'undici', '#desktop/window'] },
  'electron/preload.ts': { legal: ['electron'], forbidden: ['node:fs', '#shared/contract'] },
  'electron/engine/network/http.ts': {
    legal: ['undici', 'undici/lib/dispatcher/client.js'],
    forbidden: ['electron', '#downloads'],
  },
};

/** By runtime: a line that must compile there, and globals that do not exist there. */
const globals: Record<string, { legal: string; forbidden: string[] }> = {
  'shared/': { legal: 'export const legal = 1;', forbidden: ['process.pid', 'Buffer.alloc(1)', 'window.name', 'document.title'] },
  'electron/engine/': {
    legal: "import { legal as shared } from '#shared/legal';\nexport const legal = process.pid + shared;",
    forbidden: ['window.name', 'document.title'],
  },
  'renderer/state/': {
    legal: "import { legal as shared } from '#shared/legal';\nexport const legal = window.innerWidth + shared;",
    forbidden: ['process.pid', 'Buffer.alloc(1)', 'require("fs")'],
  },
};

interface LintReport {
  summary: { changed: number; unchanged: number };
  diagnostics: { severity: string; category: string; location: { path: string; start: { line: number } } }[];
}

/** Runs a tool of node_modules; its exit code is no news, what it prints is judged. */
function run(folder: string, script: string, ...args: string[]): Promise<string> {
  return new Promise((resolve) => {
    const bin = path.join(root, 'node_modules', script);
    execFile(process.execPath, [bin, ...args], { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
  });
}

async function lint(folder: string): Promise<LintReport> {
  return JSON.parse(await run(folder, '@biomejs/biome/bin/biome', 'lint', '--reporter=json', '--max-diagnostics=none'));
}

const compile = (folder: string, runtime: string, ...args: string[]): Promise<string> =>
  run(folder, 'typescript/bin/tsc', '-p', runtime, ...args);

/** Where the linter found `rule` broken, as `path:line`. */
function brokenAt(report: LintReport, rule: string): string[] {
  const found = report.diagnostics.filter(({ severity, category }) => severity === 'error' && category === rule);
  return found.map(({ location }) => `${location.path}:${location.start.line}`).sort();
}

class Copy implements AsyncDisposable {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async plant(file: string, text: string): Promise<void> {
    await mkdir(path.dirname(path.join(this.folder, file)), { recursive: true });
    await writeFile(path.join(this.folder, file), `${text}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The configuration alone: the plants must not depend on what the tree happens to hold. */
async function copyConfiguration(): Promise<Copy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-layers-'));
  const files = [
    'biome.json',
    'package.json',
    '.gitignore',
    'tsconfig.base.json',
    ...runtimes.map((name) => `${name}/tsconfig.json`),
  ];
  for (const file of files) await cp(path.join(root, file), path.join(folder, file), { recursive: true });
  return new Copy(folder);
}

const importLines = (specifiers: string[]): string => specifiers.map((specifier) => `import '${specifier}';`).join('\n');

async function sourcesUnder(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(`${folder}/**/*.{ts,tsx,mjs}`, { cwd: root })) files.push(file.replaceAll('\\', '/'));
  return files;
}

test('the linter refuses every forbidden import, in every form, and no legal one', async () => {
  await using copy = await copyConfiguration();
  const expected: string[] = [];
  const all = {
    ...Object.fromEntries(Object.entries(imports).map(([layer, rule]) => [`${layer}/plant.ts`, rule])),
    ...rootImports,
  };
  for (const [file, { legal, forbidden }] of Object.entries(all)) {
    await copy.plant(file, importLines([...legal, ...forbidden]));
    for (let line = legal.length + 1; line <= legal.length + forbidden.length; line += 1) expected.push(`${file}:${line}`);
  }
  await copy.plant(
    'electron/engine/forms.ts',
    "export type { A } from '#downloads';\nimport type { B } from 'electron';\nawait import('zod');",
  );
  expected.push('electron/engine/forms.ts:1', 'electron/engine/forms.ts:2', 'electron/engine/forms.ts:3');
  const report = await lint(copy.folder);
  expect(brokenAt(report, 'lint/style/noRestrictedImports')).toEqual(expected.sort());
});

test('the linter refuses a cycle of imports', async () => {
  await using copy = await copyConfiguration();
  await copy.plant('electron/downloads/hen.ts', "import { egg } from './egg.ts';\nexport const hen = (): unknown => egg;");
  await copy.plant('electron/downloads/egg.ts', "import { hen } from './hen.ts';\nexport const egg = (): unknown => hen;");
  const report = await lint(copy.folder);
  expect(brokenAt(report, 'lint/suspicious/noImportCycles')).toEqual([
    'electron/downloads/egg.ts:1',
    'electron/downloads/hen.ts:1',
  ]);
});

test('every layer of the tree has planted faults', async () => {
  const entries = await readdir(path.join(root, 'electron'), { withFileTypes: true });
  const layers = entries.filter((entry) => entry.isDirectory()).map((entry) => `electron/${entry.name}`);
  const roots = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => `electron/${entry.name}`);
  for (const layer of layers) expect(Object.keys(imports)).toContain(layer);
  for (const file of roots) expect(Object.keys(rootImports)).toContain(file);
});

test('the compiler refuses the globals of another runtime and accepts those of its own', async () => {
  await using copy = await copyConfiguration();
  const expected: string[] = [];
  await symlink(path.join(root, 'node_modules'), path.join(copy.folder, 'node_modules'), 'junction');
  for (const [folder, { legal, forbidden }] of Object.entries(globals)) {
    await copy.plant(`${folder}legal.ts`, legal);
    for (const [index, use] of forbidden.entries()) {
      await copy.plant(`${folder}forbidden-${index}.ts`, `export const forbidden: unknown = ${use};`);
      expected.push(`${folder}forbidden-${index}.ts`);
    }
  }
  const outputs = await Promise.all(['shared', 'electron', 'renderer'].map((runtime) => compile(copy.folder, runtime)));
  const broken = [...outputs.join('\n').matchAll(/^([^\s(]+)\(\d+,\d+\): error TS(?:2304|2580|2584|2591)/gm)].map(
    ([, file]) => file,
  );
  expect(broken.sort()).toEqual(expected.sort());
  expect(outputs.join('').match(/error TS/g)).toHaveLength(expected.length);
});

test('the linter sees every source file of the tree, and none asks to be let off', async () => {
  const sources = (await Promise.all(runtimes.map(sourcesUnder))).flat();
  expect(sources.length).toBeGreaterThan(20);
  const { summary } = await lint(root);
  expect(summary.changed + summary.unchanged).toBeGreaterThanOrEqual(sources.length);
  const excuse = ['biome', 'ignore'].join('-');
  for (const file of sources) {
    const text = await readFile(path.join(root, file), 'utf8');
    expect(text.includes(`${excuse} lint/style/noRestrictedImports`) || text.includes(`${excuse}-all`), file).toBe(false);
  }
});

test('the compiler sees every source file of each runtime', async () => {
  const lists = await Promise.all(runtimes.map((runtime) => compile(root, runtime, '--listFilesOnly')));
  for (const [index, runtime] of runtimes.entries()) {
    const sources = await sourcesUnder(runtime);
    expect(sources.length, `source files in ${runtime}/`).toBeGreaterThan(0);
    const seen = new Set(lists[index]?.split('\n').map((file) => path.relative(root, file.trim()).replaceAll('\\', '/')));
    expect(sources.filter((file) => !seen.has(file))).toEqual([]);
  }
}, 120_000);
