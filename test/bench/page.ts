/**
 * `npm run bench:page`: the built page in real Chromium against a real server that holds 10,000 downloads, 50 of them running
 * from a slow origin on this machine. Options: `--seconds N` (20) of watching, `--visits N` (5) for the first rows.
 *
 * Scripting and tasks are counted in the time their thread computed, as Chromium tells it: on a shared machine the clock would
 * count what other programs did. First rows are clock time, from the navigation's start to the first row in the document.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { CDPSession, Page } from '@playwright/test';
import { RunningPage } from '../page/running-page.ts';
import { content } from '../support/content.ts';
import { startOrigin } from '../support/origin.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const listed = 10_000;
const active = 50;
const scrollMs = 12_000;
const viewport = { width: 1920, height: 1080 };

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly target: number;
  readonly unit: string;
  /** What else was seen, in words. */
  readonly note: string;
}

async function metricsOf(session: CDPSession): Promise<Record<string, number>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/** 10,000 downloads, the first 50 of which run for longer than the bench does. */
async function fill(running: RunningPage, address: (name: string) => string): Promise<void> {
  await running.call('settings.write', { activeDownloads: active, connectionsPerHost: 256 });
  const orderOf = (_: unknown, index: number) => ({
    request: { url: address(`/release-${index}/package-${String(index).padStart(5, '0')}.tar.xz`) },
    connections: 2,
  });
  const orders = Array.from({ length: listed }, orderOf);
  await running.call('downloads.add', { orders: orders.slice(0, active) });
  await running.call('downloads.add', { orders: orders.slice(active), start: false });
  const isReady = async () => (await running.call('downloads.snapshot', { offset: 0, limit: 1 })).totals.running === active;
  while (!(await isReady())) await setTimeout(100);
}

/** Noted by the page itself as soon as there is a row. */
const noteFirstRow = `
  const noted = new MutationObserver(() => {
    if (document.querySelector('[role=row][aria-label]') === null) return;
    window.firstRowMs = performance.now();
    noted.disconnect();
  });
  noted.observe(document, { childList: true, subtree: true });
`;

/** A new visitor each time: nothing is in the browser's store. */
async function visit(running: RunningPage): Promise<{ firstRowMs: number; scriptBytes: number }> {
  await using opened = await running.open({ viewport }, async (page) => {
    await page.addInitScript(noteFirstRow);
  });
  const { page } = opened;
  await page.getByRole('row', { name: 'package-00000.tar.xz' }).waitFor();
  const firstRowMs = await page.evaluate<number>('window.firstRowMs');
  const scripts = await page.evaluate<string[]>(
    `performance.getEntriesByType('resource').filter(({ name, startTime }) => name.endsWith('.js') && startTime <= window.firstRowMs).map(({ name }) => name)`,
  );
  const bodies = await Promise.all(scripts.map(async (script) => Buffer.from(await (await fetch(script)).arrayBuffer())));
  return { firstRowMs, scriptBytes: bodies.reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0) };
}

/** Watches for a while. @returns the share of one core that scripts took, and the heap's highest use. */
async function watch(page: Page, session: CDPSession, seconds: number) {
  const before = await metricsOf(session);
  const begun = performance.now();
  let heapBytes = 0;
  while (performance.now() - begun < seconds * 1000) {
    await setTimeout(500);
    heapBytes = Math.max(heapBytes, (await metricsOf(session)).JSHeapUsedSize ?? 0);
  }
  const after = await metricsOf(session);
  const passedSeconds = (performance.now() - begun) / 1000;
  const shareOf = (name: string) => ((after[name] ?? 0) - (before[name] ?? 0)) / passedSeconds;
  const deltas = await page.evaluate<number>('window.seenDeltas');
  return { scripting: shareOf('ScriptDuration'), tasks: shareOf('TaskDuration'), heapBytes, deltas: deltas / passedSeconds };
}

interface TraceEvent {
  readonly name: string;
  readonly tid: number;
  readonly pid: number;
  /** Microseconds by the clock and of the thread. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** The page's main thread did these while the list went by. */
function longestTasks(trace: Buffer): { readonly computedMs: number; readonly clockMs: number; readonly count: number } {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] };
  const main = traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name === 'RunTask' && main.some((thread) => thread.pid === pid && thread.tid === tid),
  );
  if (tasks.length === 0) throw new Error('the trace holds no task of the page: Chromium names them otherwise');
  const most = (of: (task: TraceEvent) => number | undefined) => Math.max(...tasks.map((task) => (of(task) ?? 0) / 1000));
  return { computedMs: most(({ tdur }) => tdur), clockMs: most(({ dur }) => dur), count: tasks.length };
}

/** From the first row to the last, as fast as a thumb that is thrown down the bar. */
const scroll = (ms: number) => `new Promise((resolve) => {
  const frame = document.getElementById('downloads');
  const begun = performance.now();
  const step = () => {
    const share = Math.min(1, (performance.now() - begun) / ${ms});
    frame.scrollTop = share * (frame.scrollHeight - frame.clientHeight);
    if (share < 1) requestAnimationFrame(step);
    else resolve();
  };
  requestAnimationFrame(step);
})`;

/** Counts what the feed sends, so that the rate the figures hold for is known. */
const countDeltas = `
  window.seenDeltas = 0;
  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => { if (String(data).startsWith('{"name":"feed.delta"')) window.seenDeltas += 1; });
    }
  };
`;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '20' }, visits: { type: 'string', default: '5' } },
  });
  await using origin = await startOrigin({ content: content(1, 900 * MiB), bytesPerSecond: 48 * KiB });
  await using running = await RunningPage.start();
  await fill(running, (path) => origin.url(path));

  const visits: Awaited<ReturnType<typeof visit>>[] = [];
  for (let round = 0; round < Number(values.visits); round++) visits.push(await visit(running));

  await using opened = await running.open({ viewport }, (page) => page.addInitScript(countDeltas));
  const { page, complaints } = opened;
  await page.getByRole('row', { name: 'package-00000.tar.xz' }).waitFor();
  await page.getByText(`${active} running`).waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await setTimeout(2_000);
  await page.evaluate('window.seenDeltas = 0');
  const watched = await watch(page, session, Number(values.seconds));

  const browser = page.context().browser();
  await browser?.startTracing(page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] });
  await page.evaluate(scroll(scrollMs));
  await page.getByRole('row', { name: `package-0${listed - 1}.tar.xz` }).waitFor();
  const tasks = longestTasks((await browser?.stopTracing()) ?? Buffer.alloc(0));
  if (complaints.length > 0) throw new Error(`the browser complained: ${complaints.join('; ')}`);

  const firstRows = visits.map(({ firstRowMs }) => firstRowMs);
  const figures: Figure[] = [
    {
      ...{ name: 'scripting', value: watched.scripting * 100, target: 25, unit: '% of one core' },
      note: `${watched.deltas.toFixed(1)} deltas a second; all tasks of the page ${(watched.tasks * 100).toFixed(1)} %`,
    },
    {
      ...{ name: 'longest task while scrolling', value: tasks.computedMs, target: 50, unit: 'ms' },
      note: `${tasks.count} tasks in ${scrollMs / 1000} s; by the clock ${tasks.clockMs.toFixed(0)} ms`,
    },
    {
      ...{ name: 'first rows', value: median(firstRows), target: 500, unit: 'ms' },
      note: `${visits.length} visits, ${Math.min(...firstRows).toFixed(0)}-${Math.max(...firstRows).toFixed(0)}`,
    },
    {
      ...{ name: 'JavaScript at start, gzipped', value: Math.max(...visits.map(({ scriptBytes }) => scriptBytes)) / KiB },
      ...{ target: 250, unit: 'KiB', note: '' },
    },
    { name: 'JS heap at most', value: watched.heapBytes / MiB, target: 60, unit: 'MiB', note: 'garbage included' },
  ];
  console.log(`${listed} downloads, ${active} running, ${viewport.width} × ${viewport.height}\n`);
  for (const { name, value, target, unit, note } of figures) {
    const verdict = value <= target ? 'met' : 'missed';
    const seen = `${value.toFixed(1)} ${unit}`;
    console.log(`${name.padEnd(30)} ${seen.padEnd(22)} target ${target} ${unit}: ${verdict}${note === '' ? '' : ` (${note})`}`);
  }
  if (figures.some(({ value, target }) => !(value <= target))) process.exitCode = 1;
}

await main();
