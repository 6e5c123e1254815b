/**
 * Loaded into the real command before it runs: kills the process from within, at the very instant that `TORTURE_AT` names
 * (`operation:file:before|after:n`), which no signal from outside could hit. Without it, it changes nothing.
 */
import fs from 'node:fs/promises';

type Anything = (...args: unknown[]) => Promise<unknown>;

const [operation = '', file = '', when = '', count = '1'] = (process.env.TORTURE_AT ?? '').split(':');
let left = Number(count);

function die(): void {
  process.kill(process.pid, 'SIGKILL');
  // The signal comes in its own time; nothing may happen meanwhile.
  for (;;);
}

function around(name: string, pathOf: (args: unknown[]) => string, original: Anything): Anything {
  return async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const isHit = name === operation && pathOf(args).endsWith(file) && --left === 0;
    if (isHit && when === 'before') die();
    const result = await original.apply(this, args);
    if (isHit) die();
    return result;
  };
}

if (operation !== '') {
  const disk = fs as unknown as Record<string, Anything>;
  for (const name of ['link', 'unlink', 'rename']) disk[name] = around(name, ([path]) => String(path), disk[name] as Anything);
  const open = disk.open as Anything;
  disk.open = async (...args: unknown[]) => {
    const handle = (await open.apply(fs, args)) as Record<string, Anything>;
    for (const name of ['writev', 'datasync', 'truncate', 'utimes']) {
      handle[name] = around(name, () => String(args[0]), (handle[name] as Anything).bind(handle));
    }
    return handle;
  };
}
