import { expect, test } from 'vitest';
import { torture } from './torture.ts';

test('F119, F123: the command killed fifty times at random and chosen instants leaves nothing untrue on disk', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const tally = await torture(50, seed);
  expect(tally.kills, `seed ${seed}`).toBeGreaterThanOrEqual(50);
}, 300_000);
