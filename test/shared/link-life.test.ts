import { expect, test } from 'vitest';
import { linkLifeOf } from '#shared/link-life';
import { listTable } from '../../electron/command/list-table.ts';
import { countersOf, rowOf } from '../renderer/rows.ts';

const now = 1_800_000_000_000;
const dies = now + 42 * 60_000;
const running = (secondsLeft: number) =>
  rowOf(1, { state: 'running', linkExpiresAt: dies, counters: countersOf(1, 5, 1000, secondsLeft) });

test('a link is too short for a download that needs longer, or where it has died', () => {
  expect(linkLifeOf(running(70 * 60), now)).toEqual({ diesInMs: 42 * 60_000, needsMs: 70 * 60_000, isTooShort: true });
  expect(linkLifeOf(running(60), now)).toMatchObject({ isTooShort: false });
  expect(linkLifeOf(running(-1), now)).toEqual({ diesInMs: 42 * 60_000, isTooShort: false });
  expect(linkLifeOf(rowOf(1, { state: 'paused', linkExpiresAt: now - 1 }), now)).toEqual({ diesInMs: -1, isTooShort: true });
  expect(linkLifeOf(rowOf(1, { state: 'done', linkExpiresAt: now }), now)).toBeUndefined();
  expect(linkLifeOf(rowOf(1, { state: 'running' }), now)).toBeUndefined();
});

test('the list of the command line says how long a link lives, and what helps a dead one', () => {
  const waiting = rowOf(2, { state: 'waiting', waitingFor: 'url', failure: { code: 'E_LINK_EXPIRED', message: 'it is gone' } });
  const [, first = '', second = ''] = listTable([running(70 * 60), waiting], now);
  expect(first).toMatch(/link dies in 42 min 00 s, needs 1 h 10 min$/);
  expect(second).toMatch(/needs a new link \(sluice link ID ADDRESS\): it is gone$/);
});
