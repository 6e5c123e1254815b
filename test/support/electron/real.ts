/** The same app on the real Electron, by Playwright's driver for it; what its desk shows is written down by recording-desk.ts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import { buildSync } from 'esbuild';
import { type Desk, LaunchedApp, type LaunchOptions } from './launched-app.ts';

type Electron = typeof import('electron');

class RealApp extends LaunchedApp {
  readonly #driver: ElectronApplication;

  constructor(driver: ElectronApplication) {
    super(driver.process());
    this.#driver = driver;
  }

  override windows(): Page[] {
    return this.#driver.windows();
  }

  override evaluate<R, A = undefined>(
    ask: (electron: Electron, argument: A, desk: Desk) => R | Promise<R>,
    argument?: A,
  ): Promise<R> {
    return this.#driver.evaluate(
      async (electron, given) => {
        const work = new Function(`return (${given.source})`)();
        return await work(electron, given.argument, (globalThis as { standInDesk?: unknown }).standInDesk);
      },
      { source: String(ask), argument },
    ) as Promise<R>;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** @throws naming the exit code where it ended before it had a window, as the second of two does. */
export async function startReal(program: string, { main, args = [], env = {} }: LaunchOptions): Promise<LaunchedApp> {
  const hook = recordingDesk();
  const folder = resolve(main, '../../..');
  const options = { executablePath: program, args: ['-r', hook, folder, ...args], env: definedOf({ ...process.env, ...env }) };
  const driver = await _electron.launch(options).catch((cause: Error) => {
    const [, code] = /exitCode=(\d+)/.exec(cause.message) ?? [];
    throw new Error(`the app ended with ${code ?? 'an error'}: ${cause.message}`, { cause });
  });
  return new RealApp(driver);
}

/** As one script that Electron can load. */
let built: string | undefined;
function recordingDesk(): string {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-desk-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  built = join(folder, 'recording-desk.cjs');
  const entry = fileURLToPath(new URL('./recording-desk.ts', import.meta.url));
  buildSync({ entryPoints: [entry], outfile: built, bundle: true, platform: 'node', format: 'cjs', external: ['electron'] });
  return built;
}

const definedOf = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
