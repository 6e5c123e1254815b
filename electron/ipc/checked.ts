/** Checks the input of a call. Long lists are checked piece by piece, so that the process does other work between them. */
import type { ZodType } from 'zod';
import { many } from '#shared/contract';

/** Elements that are checked in one go. */
const pieceSize = 500;

/** The lists of up to `many` elements: each call has one at most. */
const longLists = ['ids', 'orders'] as const;

/** As the schema's own safeParse. */
export async function checked(schema: ZodType, input: unknown) {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const name = longLists.find((each) => Object.hasOwn(given, each));
  const list = name === undefined ? undefined : given[name];
  if (name === undefined || !Array.isArray(list) || list.length <= pieceSize || list.length > many)
    return schema.safeParse(input);
  const all: unknown[] = [];
  for (let from = 0; ; from += pieceSize) {
    const parsed = schema.safeParse({ ...given, [name]: list.slice(from, from + pieceSize) });
    if (!parsed.success) {
      // Its place in the whole list.
      for (const { path } of parsed.error.issues) if (path[0] === name && typeof path[1] === 'number') path[1] += from;
      return parsed;
    }
    const data = parsed.data as Record<string, unknown>;
    all.push(...(data[name] as unknown[]));
    if (from + pieceSize >= list.length) return { ...parsed, data: { ...data, [name]: all } };
    await new Promise((resolve) => setImmediate(resolve));
  }
}
