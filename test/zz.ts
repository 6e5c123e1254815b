import fc from 'fast-check';
import { VirtualNetwork, type Behaviour } from './support/virtual-network.ts';
const KiB=1024, MiB=KiB*1024;
const healthy: fc.Arbitrary<Behaviour> = fc.record({ bytesPerSecond: fc.integer({ min: 64 * KiB, max: 40 * MiB }), startMs: fc.nat(500) });
const any: fc.Arbitrary<Behaviour> = fc.oneof(healthy,
  fc.record({ bytesPerSecond: fc.constantFrom(0, 0.2, 1, 20, KiB), startMs: fc.nat(2000) }),
  fc.record({ bytesPerSecond: fc.integer({ min: 1, max: 40 * MiB }), startMs: fc.nat(500), freezesAfter: fc.nat(20 * MiB) }));
const size = fc.oneof(fc.constantFrom(1, 2, 4095, 4096, 4097, MiB - 1, MiB, MiB + 1, 2 * MiB - 1, 2 * MiB, 32 * MiB - 1, 32 * MiB, 32 * MiB + 1), fc.integer({ min: 1, max: 300 * MiB }));
const slots = fc.tuple(healthy, fc.array(fc.array(any, { minLength: 1, maxLength: 4 }), { maxLength: 15 }), fc.nat(15));
const N=Number(process.argv[2]), seed=Number(process.argv[3]??1);
let worst=0, n=0, ratioMax=0;
for (const [bytes,[works,others,place]] of fc.sample(fc.tuple(size,slots), {numRuns:N, seed})) {
  const all=[...others]; const at = bytes<3*MiB?0:place%(others.length+1); all.splice(at,0,[works]);
  const w=new VirtualNetwork({size:bytes,slots:all});
  const t=performance.now();
  const ok=w.run(3*3_600_000);
  const real=performance.now()-t;
  const ideal=bytes/works.bytesPerSecond*1000;
  const bound=1 + Math.ceil(bytes / MiB) + w.silences + w.hedges;
  ratioMax=Math.max(ratioMax,w.requests/bound);
  if(!ok||w.ms>ideal*3+60000||real>500) console.log(ok?'slow':'NEVER',{n,bytes,at,ms:w.ms,ideal,req:w.requests,hedges:w.hedges,sil:w.silences,real:real|0, done:w.map.doneBytes, rest:w.map.holes()}, JSON.stringify(all));
  n++;
}
console.log('ratio',ratioMax);
