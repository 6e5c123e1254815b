/** The folders downloads may be put into. Symbolic links are resolved before anything is compared. */
import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { CallError } from '#shared/call-failures';

/** The real path of what exists of it, with the rest behind. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), relative(parent, path));
  }
}

const isInside = (path: string, root: string): boolean => {
  const way = relative(root, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
};

/**
 * @returns `directory` made absolute.
 * @throws CallError OUTSIDE_ROOTS, BAD_INPUT.
 */
export function allowedDirectory(directory: string, roots: readonly string[]): string {
  if (!isAbsolute(directory)) throw new CallError('BAD_INPUT', `${JSON.stringify(directory)} is no absolute folder`);
  const path = resolve(directory);
  if (roots.length === 0) return path;
  const real = realPath(path);
  if (roots.some((root) => isInside(real, realPath(resolve(root))))) return path;
  throw new CallError('OUTSIDE_ROOTS', `${path} is not inside the folders that downloads may go to`);
}
