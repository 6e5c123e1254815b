/** The command as it is shipped: the one file the build makes, run by the Node that runs this. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../out/sluice.cjs', import.meta.url));

/** What a terminal program needs to know of where it runs. */
const passedOn = ['PATH', 'TERM', 'COLORTERM', 'NO_COLOR', 'LANG', 'LC_ALL', 'SystemRoot'];

/** Program and arguments. @throws an Error that says how to build it. */
export function sluiceCommand(...args: readonly string[]): readonly [string, ...string[]] {
  if (!existsSync(file)) throw new Error('out/sluice.cjs is not there: npm run build');
  return [process.execPath, file, ...args];
}

/** Nothing of the caller's (NODE_OPTIONS, proxies, settings) changes what is run; Sluice remembers nothing outside `dataFolder`. */
export function plainEnvironment(dataFolder: string): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { SLUICE_DATA: dataFolder };
  for (const name of passedOn) if (process.env[name] !== undefined) environment[name] = process.env[name];
  return environment;
}
