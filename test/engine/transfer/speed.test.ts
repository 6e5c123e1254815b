import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpeedMeter } from '../../../electron/engine/transfer/speed.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function feed(clock: ManualClock, meter: SpeedMeter, options: { bytes: number; everyMs: number; forMs: number }): void {
  for (let passedMs = 0; passedMs < options.forMs; passedMs += options.everyMs) {
    clock.advance(options.everyMs);
    meter.add(options.bytes);
  }
}

test('nothing received is no speed', () => {
  const clock = new ManualClock();
  const meter = new SpeedMeter(clock);
  clock.advance(5000);
  expect(meter.bytesPerSecond).toBe(0);
  expect(meter.observedMs).toBe(0);
});

test('a steady stream is measured as it is', () => {
  const clock = new ManualClock();
  const meter = new SpeedMeter(clock);
  feed(clock, meter, { bytes: 10_000, everyMs: 10, forMs: 10_000 });
  expect(meter.bytesPerSecond).toBeCloseTo(1_000_000, -4);
  expect(meter.observedMs).toBe(9990);
});

test('a change of speed shows within two seconds and a single burst does not carry it away', () => {
  const clock = new ManualClock();
  const meter = new SpeedMeter(clock);
  feed(clock, meter, { bytes: 1000, everyMs: 10, forMs: 10_000 });
  feed(clock, meter, { bytes: 10_000, everyMs: 10, forMs: 2000 });
  expect(meter.bytesPerSecond).toBeGreaterThan(750_000);
  feed(clock, meter, { bytes: 10_000, everyMs: 10, forMs: 10_000 });
  meter.add(1_000_000);
  feed(clock, meter, { bytes: 10_000, everyMs: 10, forMs: 500 });
  expect(meter.bytesPerSecond).toBeLessThan(2_000_000);
});

test('bytes that come only every two seconds are averaged over their silences', () => {
  const clock = new ManualClock();
  const meter = new SpeedMeter(clock);
  feed(clock, meter, { bytes: 64_000, everyMs: 2000, forMs: 30_000 });
  expect(meter.bytesPerSecond).toBeCloseTo(32_000, -3);
});

test('after a second of silence the speed falls with the square of the silence', () => {
  const clock = new ManualClock();
  const meter = new SpeedMeter(clock);
  feed(clock, meter, { bytes: 10_000, everyMs: 10, forMs: 5000 });
  const before = meter.bytesPerSecond;
  clock.advance(1000);
  expect(meter.bytesPerSecond).toBe(before);
  clock.advance(1000);
  expect(meter.bytesPerSecond).toBeCloseTo(before / 4);
  clock.advance(8000);
  expect(meter.bytesPerSecond).toBeCloseTo(before / 100);
});

test('a reset forgets the speed and starts the measurement again', () => {
  const clock = new ManualClock();
  const meter = new SpeedMeter(clock);
  feed(clock, meter, { bytes: 10_000, everyMs: 10, forMs: 5000 });
  meter.reset();
  expect(meter.bytesPerSecond).toBe(0);
  expect(meter.observedMs).toBe(0);
  feed(clock, meter, { bytes: 100, everyMs: 10, forMs: 1000 });
  expect(meter.bytesPerSecond).toBeLessThan(12_000);
});

test('the speed is a finite number from 0 on, whatever comes when', () => {
  const event = fc.record({ waitMs: fc.nat(20_000), bytes: fc.nat(2 ** 31) });
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const clock = new ManualClock();
      const meter = new SpeedMeter(clock);
      for (const { waitMs, bytes } of events) {
        clock.advance(waitMs);
        meter.add(bytes);
        expect(meter.bytesPerSecond).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(meter.bytesPerSecond)).toBe(true);
      }
      clock.advance(86_400_000);
      expect(Number.isFinite(meter.bytesPerSecond)).toBe(true);
    }),
  );
});
