/**
 * Keeps the heap small. V8 lets the young generation grow while much is allocated, up to 32 MB of short-lived objects before it
 * looks at them; as small as it begins they are freed while still in the processor's cache. What outlives two such looks and
 * is garbage then would pile up to a multiple of what is in use: a file of 10 GiB took 20 MB more than one of 1 GiB.
 *
 * Its optimizing compilers take memory of their own, which the process then keeps: 20 MB for the HTTP parser (WebAssembly), which
 * reads little more than heads here, and up to 30 for what a thousand small files make hot. The first is never optimized, the
 * second later than usual. (Of a flag it does not know V8 complains on stderr, where the tests would see it.)
 */
import { setFlagsFromString } from 'node:v8';

/** Before much is allocated, and before the parser is first used. */
export function becomeLean(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=10');
  setFlagsFromString('--wasm-tiering-budget=2000000000');
  setFlagsFromString('--invocation-count-for-maglev=1500');
}

/** For a process that runs for weeks beside others: V8 then keeps less memory back for itself. */
export function becomeSmall(): void {
  becomeLean();
  setFlagsFromString('--optimize-for-size');
}
