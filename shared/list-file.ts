/** The exported list: what it takes to go on with every download, here or where its folders can be reached. */
import * as z from 'zod';
import { BytesPerSecond, ChecksumText, Connections, Directory, FileName, RequestView } from './orders.ts';
import { Priority } from './rows.ts';

const Entry = z.object({
  /** Secrets are null unless they were asked for. */
  request: RequestView,
  directory: Directory,
  name: FileName.optional(),
  /** Where the part lies, `NAME.part` with its checkpoint beside it. */
  partDirectory: Directory.optional(),
  category: z.string().max(100).optional(),
  profile: z.string().max(100).optional(),
  connections: Connections.optional(),
  limitBytesPerSecond: BytesPerSecond.optional(),
  priority: Priority.optional(),
  checksum: ChecksumText.optional(),
  isPaused: z.boolean().optional(),
  size: z.int().min(0).optional(),
  doneBytes: z.int().min(0).optional(),
});
export type ListEntry = z.infer<typeof Entry>;

export const ListFile = z.object({
  sluiceList: z.literal(1),
  downloads: z.array(z.unknown()).max(100_000),
});

/** @returns the entries that can be read, and for each other one why not. */
export function parseListFile(text: string): { readonly entries: ListEntry[]; readonly refused: string[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const file = ListFile.safeParse(value);
  if (!file.success) return undefined;
  const entries: ListEntry[] = [];
  const refused: string[] = [];
  for (const [index, one] of file.data.downloads.entries()) {
    const parsed = Entry.safeParse(one);
    if (parsed.success) entries.push(parsed.data);
    else refused.push(`download ${index + 1}: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`);
  }
  return { entries, refused };
}

export const writeListFile = (downloads: readonly ListEntry[]): string =>
  `${JSON.stringify({ sluiceList: 1, downloads }, undefined, 2)}\n`;
