/**
 * The best any schedule could do on a network. All places the host serves are busy all the time, with work that can be divided
 * without end and costs no requests; every fault is known at once, so that a dead or frozen connection is replaced in the same
 * instant. It pays what nobody can avoid: the handshake and one round trip for each connection, slow start, and the ramp (one
 * connection more for each that has begun to stream, so 1, 2, 4, 8 …, but at once and not at the next tick). It ends when
 * the bytes of all connections together are as many as the file has. No rule can be faster, which `compare.ts` relies on.
 */
import type { Network } from './network.ts';
import { type Flow, type Reader, Wire } from './wire.ts';

/** Milliseconds the best schedule takes. */
export function idealMs(network: Network): number {
  const wire = new Wire(network);
  const flows = new Set<Flow>();
  const streamed = new Set<number>();
  let receivedBytes = 0;

  const open = (): void => {
    const isLost = (): void => {
      flows.delete(flow);
      wire.close(flow);
      open();
    };
    const reader: Reader = {
      onConnected: () => wire.ask(flow, Number.POSITIVE_INFINITY),
      onFirstByte: () => {
        if (flow.place !== undefined) streamed.add(flow.place);
        while (flows.size < Math.min(network.places.length, 2 * streamed.size)) open();
      },
      onBytes: (bytes) => {
        receivedBytes += bytes;
      },
      onEnough: () => {},
      onRefused: () => {},
      onDeath: isLost,
      onFreeze: isLost,
    };
    const flow = wire.open(reader);
    flows.add(flow);
  };

  open();
  for (;;) {
    const nextAtMs = wire.nextAtMs;
    for (const flow of flows) wire.settle(flow);
    let speed = 0;
    for (const flow of flows) speed += flow.speed;
    const doneAtMs = speed > 0 ? wire.nowMs + ((network.sizeBytes - receivedBytes) / speed) * 1000 : Number.POSITIVE_INFINITY;
    if (doneAtMs <= nextAtMs) return doneAtMs;
    wire.advanceTo(nextAtMs);
  }
}
