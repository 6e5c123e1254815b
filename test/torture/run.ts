/** `npm run torture -- --kills N --seed S`: see torture.ts. */
import { parseArgs } from 'node:util';
import { phases } from './plans.ts';
import { type Tally, torture } from './torture.ts';

const { values } = parseArgs({ options: { kills: { type: 'string', default: '1000' }, seed: { type: 'string' } } });
const kills = Number(values.kills);
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
if (!Number.isSafeInteger(kills) || kills < 1 || !Number.isSafeInteger(seed)) {
  process.stderr.write('torture: --kills and --seed take whole numbers, kills at least 1\n');
  process.exit(2);
}

const line = (tally: Tally): string =>
  `${tally.kills} kills, ${tally.files} files: ${phases.map((phase) => `${phase} ${tally.hits[phase]}`).join(', ')}`;

process.stdout.write(`seed ${seed}\n`);
try {
  const tally = await torture(kills, seed, (now) => {
    if (now.kills % 100 === 0) process.stdout.write(`${line(now)}\n`);
  });
  const missed = phases.filter((phase) => tally.hits[phase] < tally.kills / 100);
  process.stdout.write(`${line(tally)}\nfetched ${((100 * tally.sent) / tally.needed).toFixed(1)} % of the files' size in all\n`);
  if (missed.length > 0) {
    process.stderr.write(`torture: too few kills hit ${missed.join(', ')}; repeat with --seed ${seed}\n`);
    process.exitCode = 1;
  }
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  process.stderr.write(
    `torture: ${error instanceof Error ? error.message : String(error)}${cause}\nrepeat with --seed ${seed}\n`,
  );
  process.exitCode = 1;
}
