import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { patienceWith, type WaitingState } from '../../../electron/downloads/unattended/patience.ts';

const waiting = (reason: WaitingState['for'], until?: number): WaitingState => ({
  type: 'waiting',
  for: reason,
  cause: { code: 'E_NETWORK', message: 'the network is down' },
  ...(until === undefined ? {} : { until }),
});

describe('a command without a person behind it', () => {
  test('does not wait for someone to free the disk or to bring a new link', () => {
    expect(patienceWith(waiting('disk'), 0, 0, 30_000)).toEqual({ type: 'give-up' });
    expect(patienceWith(waiting('url'), 0, 0, 30_000)).toEqual({ type: 'give-up' });
  });

  test('never ends a retry, however long it takes', () => {
    expect(patienceWith(waiting('retry', 3_600_000), 99_999, 0, 0)).toEqual({ type: 'stay' });
  });

  test('looks again when its patience would be at an end', () => {
    expect(patienceWith(waiting('network'), 12_000, 5_000, 30_000)).toEqual({ type: 'look-again', inMs: 18_000 });
  });

  test('gives up at once when the server names an hour', () => {
    expect(patienceWith(waiting('host', 3_600_000), 0, 0, 30_000)).toEqual({ type: 'give-up' });
  });

  test('stays for a wait that ends in time', () => {
    expect(patienceWith(waiting('host', 25_000), 0, 0, 30_000).type).toBe('look-again');
  });

  test('with --max-wait 0 gives up every wait for host or network', () => {
    expect(patienceWith(waiting('host'), 0, 0, 0)).toEqual({ type: 'give-up' });
  });

  test('gives up exactly when what it waited and has to wait exceeds its patience, or all of it is used up', () => {
    const nat = fc.nat(100_000);
    fc.assert(
      fc.property(fc.constantFrom('host', 'network'), nat, nat, nat, nat, (reason, waited, now, wait, most) => {
        const decision = patienceWith(waiting(reason, now + wait), waited, now, most);
        expect(decision.type === 'give-up').toBe(waited >= most || waited + wait > most);
        if (decision.type === 'look-again') expect(decision.inMs).toBe(most - waited);
      }),
    );
  });
});
