import type { Observer } from '../transport/observer.ts';

/** One observer that passes all on to several. What none of them cares for, it does not care for. */
export function combineObservers(observers: readonly Observer[]): Observer {
  const [first, ...others] = observers;
  if (first === undefined || others.length === 0) return first ?? {};
  const all = <Name extends keyof Observer>(name: Name) => {
    const hooks = observers.map((observer) => observer[name]).filter((hook) => hook !== undefined);
    return hooks.length > 0 ? hooks : undefined;
  };
  const [queued, requested, retried] = [all('queued'), all('requested'), all('retried')];
  const [answered, breakerChanged] = [all('answered'), all('breakerChanged')];
  const coordinationChanged = all('coordinationChanged');
  return {
    queued: queued && ((call) => callAll(queued.map((hook) => hook(call)))),
    requested: requested && ((call) => callAll(requested.map((hook) => hook(call)))),
    retried: retried && callAll(retried),
    answered: answered && callAll(answered),
    breakerChanged: breakerChanged && callAll(breakerChanged),
    coordinationChanged: coordinationChanged && callAll(coordinationChanged),
  };
}

function callAll<Args extends readonly unknown[]>(hooks: readonly ((...args: Args) => void)[]) {
  return (...args: Args): void => {
    for (const hook of hooks) hook(...args);
  };
}
