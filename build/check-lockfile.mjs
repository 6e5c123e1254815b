/**
 * Checks that `npm ci` will work on every platform from package-lock.json alone: npm drops an optional (platform) package
 * from the lockfile when it could not be resolved while locking, and then `npm ci` fails elsewhere; and a download address
 * in it would tie every reader to the registry of whoever wrote it.
 */
import { readFileSync } from 'node:fs';

/** @typedef {{ resolved?: string, integrity?: string, optionalDependencies?: Record<string, string> }} Entry */

/**
 * Where Node would look for `name` from the package at `path`: beside it, then in each folder above.
 * @param {string} path
 * @param {string} name
 */
function candidates(path, name) {
  const found = [];
  for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    found.push(folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`);
    if (folder === '') return found;
  }
}

/** @param {Record<string, Entry>} packages */
function faultsOf(packages) {
  const faults = [];
  for (const [path, entry] of Object.entries(packages)) {
    if (entry.resolved !== undefined) faults.push(`${path} has a download address: ${new URL(entry.resolved).host}`);
    if (path !== '' && entry.integrity === undefined) faults.push(`${path} has no integrity hash`);
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const isLocked = candidates(path, name).some((candidate) => candidate in packages);
      if (!isLocked) faults.push(`${path || 'package.json'} may need ${name}, which is not locked`);
    }
  }
  return faults;
}

const file = process.argv[2] ?? 'package-lock.json';
/** @type {Record<string, Entry>} */
const packages = JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
const faults = faultsOf(packages);
// A check that saw nothing has not passed.
if (Object.keys(packages).length < 2) faults.push('it holds no packages');
for (const fault of faults) console.error(`${file}: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else console.log(`${file}: ${Object.keys(packages).length - 1} packages, nothing missing`);
