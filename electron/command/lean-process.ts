/**
 * Keeps the heap small. V8 lets the young generation grow while much is allocated, up to 32 MB of short-lived objects before it
 * looks at them; as small as it begins they are freed while still in the processor's cache. What outlives two such looks and
 * is garbage then would pile up to a multiple of what is in use: a file of 10 GiB took 20 MB more than one of 1 GiB.
 */
import { setFlagsFromString } from 'node:v8';

/** Before much is allocated. */
export function becomeLean(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=10');
}

/** For a process that runs for weeks beside others: V8 then keeps less memory back for itself. */
export function becomeSmall(): void {
  becomeLean();
  setFlagsFromString('--optimize-for-size');
}
