/** One download over one network under one rule, in virtual time: it leaps from event to event. */
import { type Plan, plan, type Situation } from '../../../electron/engine/transfer/schedule.ts';
import { describeNetwork, type Network } from './network.ts';
import { nextTick, VirtualTransfer } from './transfer.ts';

/** Turns without any time passing: a rule that never comes to rest. */
const MAX_TURNS = 10_000;

/** A way to share out the work. */
export interface Rule {
  readonly name: string;
  /** Looks again each tick, and lets go of what drips; else only when something happened. */
  readonly usesTicks: boolean;
  planFor(network: Network): (situation: Situation) => Plan;
}

/** The engine's own. */
export const sluice: Rule = { name: 'Sluice', usesTicks: true, planFor: () => plan };

export interface Run {
  readonly timeMs: number;
  readonly requests: number;
  readonly hedges: number;
  /** Received twice, or on its way when a connection was cut. */
  readonly wastedBytes: number;
}

/** Runs the download to its end. @throws Error when the rule never ends. */
export function simulate(network: Network, rule: Rule, tell: (line: string) => void = () => {}): Run {
  return new Simulation(network, rule, tell).run();
}

class Simulation {
  readonly #network: Network;
  readonly #rule: Rule;
  readonly #transfer: VirtualTransfer;
  #tickAtMs = 0;

  constructor(network: Network, rule: Rule, tell: (line: string) => void) {
    this.#network = network;
    this.#rule = rule;
    this.#transfer = new VirtualTransfer(network, rule.planFor(network), tell);
  }

  run(): Run {
    const transfer = this.#transfer;
    let turns = 0;
    let turnsAtMs = 0;
    for (;;) {
      this.#settle();
      if (transfer.map.isComplete) break;
      const nextAtMs = this.#nextAtMs();
      if (!Number.isFinite(nextAtMs)) throw new Error(`nothing will ever happen: ${describeNetwork(this.#network)}`);
      turns = nextAtMs > turnsAtMs ? 0 : turns + 1;
      turnsAtMs = nextAtMs;
      if (turns > MAX_TURNS) throw this.#restless();
      this.#happen(nextAtMs);
    }
    const receivedBytes = transfer.slots.reduce((sum, slot) => sum + slot.receivedBytes, 0);
    const { requests, hedges } = transfer;
    const twice = Math.max(0, Math.round(receivedBytes - this.#network.sizeBytes));
    return { timeMs: transfer.now, requests, hedges, wastedBytes: twice + Math.round(transfer.cutBytes) };
  }

  /** All that follows without time passing. */
  #settle(): void {
    for (let turns = 0; this.#transfer.step(); turns += 1) if (turns > MAX_TURNS) throw this.#restless();
  }

  #nextAtMs(): number {
    const { now, wire, clock, warm, slots, waitsUntil } = this.#transfer;
    let next = Math.min(wire.nextAtMs, clock.nextAtMs, warm.nextAtMs);
    let isTicking = false;
    for (const slot of slots) {
      if (slot.sleepsUntil > now) next = Math.min(next, slot.sleepsUntil);
      else if (!slot.isBusy) isTicking = true;
      next = Math.min(next, slot.silentAt);
    }
    if (waitsUntil > now) return Math.min(next, waitsUntil);
    // With nobody idle a tick finds nothing to do.
    this.#tickAtMs = isTicking && this.#rule.usesTicks ? nextTick(now) : Number.POSITIVE_INFINITY;
    return Math.min(next, this.#tickAtMs);
  }

  #happen(atMs: number): void {
    const transfer = this.#transfer;
    const before = transfer.now;
    transfer.clock.atMs = Math.max(before, atMs);
    transfer.wire.advanceTo(atMs);
    transfer.warm.sweep();
    transfer.clock.ring();
    for (const slot of transfer.slots) {
      if (slot.silentAt <= atMs) transfer.lose(slot, 'silent');
      if (slot.sleepsUntil > before && slot.sleepsUntil <= atMs) transfer.mustAdvance = true;
    }
    if (this.#tickAtMs <= atMs) transfer.dropDrips();
    if (this.#tickAtMs <= atMs || transfer.waitsUntil > before || !this.#rule.usesTicks) transfer.mustAdvance = true;
  }

  #restless(): Error {
    return new Error(`no rest at ${this.#transfer.now} ms: ${describeNetwork(this.#network)}`);
  }
}
