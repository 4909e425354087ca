import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RoundOptions } from '../contest.ts';
import { floor, ofTheGateway } from '../subjects.ts';
import { createFolder } from '../temporary.ts';
import type { Curve } from './curve.ts';
import { measurePopulation, oneScriptFrom } from './population.ts';

/** More and more callers with a gateway key each. */
export function measureGatewayKeys(options: RoundOptions): Promise<Curve> {
  return measurePopulation(
    {
      name: 'gateway-keys',
      title: 'CPU time and memory, and the gateway keys',
      items: 'gateway keys',
      counts: [1, 10, 100, 1_000, 10_000],
      kindOf: (count) =>
        oneScriptFrom(count, (caller) => ({ header: 'authorization', value: `Bearer ${keyOf(caller)}` })),
      gatewayOf: (count) => ofTheGateway('this gateway', keysOf(count)),
      beside: floor,
      note: 'One script, each operation with the gateway key of the next caller. The floor sends the key on and checks nothing.',
    },
    options,
  );
}

function keyOf(caller: number): string {
  return `gateway-key-of-caller-${String(caller).padStart(6, '0')}`;
}

function keysOf(count: number): Record<string, string> {
  const file = join(createFolder(), 'keys.json');
  const keys = Array.from({ length: count }, (_, caller) => ({
    name: `caller${caller}`,
    sha256: createHash('sha256').update(keyOf(caller)).digest('hex'),
    scopes: ['*'],
  }));
  writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
  return { LUAAUTH_TOKEN: 'bench-key', GATEWAY_KEYS_FILE: file };
}
