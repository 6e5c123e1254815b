import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../electron/command/columns.ts';
import { drawLive } from '../../electron/command/display.ts';
import { type DisplayRow, displayRows, rowText, type Shown } from '../../electron/command/display-rows.ts';
import { progressText } from '../../electron/command/lines.ts';
import { Output, type OutputStream } from '../../electron/command/output.ts';
import type { DownloadRow, Downloads, DownloadsEvent } from '../../electron/downloads/index.ts';
import type { DownloadProgress, SegmentView } from '../../shared/download.ts';
import { Screen } from './screen.ts';

const MiB = 1024 * 1024;

const segment = (id: number): SegmentView => ({
  id,
  state: 'streaming',
  start: (id - 1) * MiB,
  cursor: (id - 0.5) * MiB,
  end: id * MiB,
  bytesPerSecond: MiB,
  address: '192.0.2.7:443',
  isHedge: false,
});

const progress = (segments: number): DownloadProgress => ({
  size: 8 * MiB,
  doneBytes: 4 * MiB,
  resumedBytes: 0,
  receivedBytes: 4 * MiB,
  bytesPerSecond: 2 * MiB,
  connections: segments,
  segments: Array.from({ length: segments }, (_, index) => segment(index + 1)),
  done: [],
});

const row = (id: number, name = `file-${id}.bin`): DownloadRow => ({
  id,
  name,
  state: { type: 'active' },
  order: { request: { url: 'http://example.test/x' }, target: { directory: '/tmp', ifExists: 'rename' } },
});

const shown = (id: number, segments: number): Shown => ({ row: row(id), progress: progress(segments) });
const bar = (width: number): string => '#'.repeat(width);
const texts = (rows: readonly DisplayRow[], columns = 100): string[] => rows.map((each) => rowText(each, columns, bar).trim());

describe('the rows of the display', () => {
  test('are the file and each of its connections, with address, range, speed and state', () => {
    const rows = texts(displayRows([shown(1, 2)], 0, 1, 20));
    expect(rows[0]).toMatch(/^file-1\.bin +#+ +50 % {2}4\.0 MiB of 8\.0 MiB {2}2\.0 MiB\/s {2}2 s {2}2 connections$/);
    expect(rows[1]).toMatch(/^1 {2}192\.0\.2\.7:443 +#+ {2}0 B to 1\.0 MiB {2}1\.0 MiB\/s {2}streaming$/);
    expect(rows).toHaveLength(3);
  });

  test('say how far the check of a file is, and what is left of it', () => {
    const check = { doneBytes: 3 * MiB, totalBytes: 8 * MiB, bytesPerSecond: MiB };
    const checked: Shown = {
      row: { ...row(1), state: { type: 'verifying' } },
      progress: { ...progress(0), doneBytes: 8 * MiB, bytesPerSecond: 0, check },
    };
    const rows = texts(displayRows([checked], 0, 1, 20));
    expect(rows[0]).toMatch(/100 % {2}8\.0 MiB of 8\.0 MiB {2}checking 37 % {2}5 s {2}0 connections$/);
    expect(progressText(checked.progress)).toBe('checking, 37 % of 8.0 MiB, 1.0 MiB/s');
  });

  test('of several files end with the sum of all', () => {
    const rows = texts(displayRows([shown(1, 1), shown(2, 1)], 3, 9, 20));
    expect(rows.at(-1)).toMatch(/^3 of 9 ended +#+ {2}4\.0 MiB\/s$/);
  });

  test('never fill more than the screen, and drop connections before files', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(16), fc.integer({ min: 2, max: 60 }), (files, segments, height) => {
        const all = Array.from({ length: files }, (_, index) => shown(index + 1, segments));
        const rows = displayRows(all, 0, files, height);
        expect(rows.length).toBeLessThanOrEqual(height);
        const roomForFiles = height - (files > 1 ? 1 : 0);
        const fileRows = rows.filter(({ left }) => left.startsWith('file-')).length;
        expect(fileRows).toBe(Math.min(files, roomForFiles));
      }),
    );
  });

  test('are never wider than the screen, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 1, max: 250 }), (name, columns) => {
        for (const each of displayRows([{ row: row(1, name), progress: progress(3) }], 0, 1, 10)) {
          const text = rowText(each, columns, bar);
          expect(columnsOf(text)).toBeLessThanOrEqual(columns);
          expect(text).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  test('of an unknown size have no bar and no percentage', () => {
    const { size: _, ...unknown } = progress(0);
    expect(texts(displayRows([{ row: row(1), progress: unknown }], 0, 1, 9))).toEqual([
      expect.stringMatching(/^file-1\.bin +4\.0 MiB {2}2\.0 MiB\/s {2}0 connections$/),
    ]);
  });
});

/** A terminal in memory, and a queue whose events the test fires: what is drawn depends on nothing else. */
function setUp() {
  const screen = new Screen(80, 12);
  const stream = Object.assign(
    new Writable({
      decodeStrings: false,
      write(text: string, _encoding, done) {
        screen.write(text);
        done();
      },
    }),
    { isTTY: true, rows: 12, columns: 80 },
  ) as OutputStream & Writable;
  const running = new Map<number, Shown>();
  const listeners = new Set<(event: DownloadsEvent) => void>();
  const downloads = {
    rows: () => Array.from(running.values(), (each) => each.row),
    progress: (id: number) => running.get(id)?.progress,
    subscribe: (listener: (event: DownloadsEvent) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as Pick<Downloads, 'rows' | 'progress' | 'subscribe'> as Downloads;
  const tell = (event: DownloadsEvent): void => {
    for (const listener of listeners) listener(event);
  };
  return { screen, output: new Output(stream, stream), running, downloads, tell };
}

describe('the live display', () => {
  test('draws over itself, keeps lines above, and leaves only them', async () => {
    const { screen, output, running, downloads, tell } = setUp();
    running.set(1, shown(1, 4));
    running.set(2, shown(2, 1));
    const end = drawLive(downloads, output);
    await screen.until((lines) => lines.length === 8 && lines.at(-1)?.startsWith('0 of 2') === true);
    output.errorLine('sluice: a line that stays');
    await screen.until((lines) => lines[0] === 'sluice: a line that stays' && lines.length === 9);
    running.delete(1);
    tell({ type: 'ended', row: row(1), outcome: { type: 'done', path: '/tmp/file-1.bin', size: 5, lengthVerified: true } });
    await screen.until((lines) => lines.length === 4 && /^file-2\.bin .*connection$/.test(lines[2] ?? ''));
    end();
    expect(screen.lines()).toEqual(['sluice: a line that stays', 'file-1.bin: done, 5 B: /tmp/file-1.bin']);
    output.line('and after it');
    expect(screen.lines().at(-1)).toBe('and after it');
  });

  test('keeps its place when the terminal echoes ^C', async () => {
    const { screen, output, running, downloads } = setUp();
    running.set(1, shown(1, 2));
    const end = drawLive(downloads, output);
    await screen.until((lines) => lines.length === 3);
    screen.write('^C');
    end();
    expect(screen.lines()).toEqual([]);
  });
});
