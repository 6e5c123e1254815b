/** The libraries for Node that do the same work: installed by the benchmark, into a folder that git ignores. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { OneFile, Tool } from './peers.ts';

const folder = fileURLToPath(new URL('../../.cache/bench-peers', import.meta.url));

/** Fixed: a benchmark that changes by itself compares nothing. */
const versions = { ipull: '4.0.3', easydl: '1.2.0' };

const drivers: Readonly<Record<keyof typeof versions, string>> = {
  ipull: `import { downloadFile } from 'ipull';
const [url, directory, fileName, parallelStreams] = process.argv.slice(2);
const download = await downloadFile({ url, directory, fileName, parallelStreams: Number(parallelStreams), cliProgress: false });
await download.download();
`,
  easydl: `import EasyDl from 'easydl';
const [url, directory, fileName, connections] = process.argv.slice(2);
const Download = EasyDl.default ?? EasyDl;
await new Download(url, \`\${directory}/\${fileName}\`, { connections: Number(connections) }).wait();
process.exit();
`,
};

async function isInstalled(name: keyof typeof versions): Promise<boolean> {
  try {
    const { version } = JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
    return version === versions[name];
  } catch {
    return false;
  }
}

/** What could not be installed is left out of it by the caller: its `version` is undefined. */
export async function installNodePeers(): Promise<(Tool & { readonly version: string | undefined })[]> {
  await mkdir(folder, { recursive: true });
  const names = Object.keys(versions) as (keyof typeof versions)[];
  if (!(await Promise.all(names.map(isInstalled))).every(Boolean)) {
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
    const wanted = names.map((name) => `${name}@${versions[name]}`);
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
    await promisify(execFile)('npm', ['install', ...options, ...wanted], { cwd: folder }).catch(() => {});
  }
  return await Promise.all(
    names.map(async (name) => {
      const driver = join(folder, `${name}.mjs`);
      await writeFile(driver, drivers[name]);
      return {
        name,
        version: (await isInstalled(name)) ? versions[name] : undefined,
        flags: name === 'ipull' ? 'parallelStreams N, no progress' : 'connections N',
        isSegmented: true,
        one: ({ url, directory, name: file, connections, authority }: OneFile) => ({
          command: [process.execPath, driver, url, directory, file, `${connections}`],
          env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: authority },
        }),
      };
    }),
  );
}
