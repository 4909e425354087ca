import type { Access } from './api.ts';
import type { Declaration } from './endpoint.ts';
import type { Resource } from './resource.ts';

type Files = Readonly<Record<string, Readonly<Record<string, Declaration>>>>;

export type RouteIn<Declared extends Files> = {
  [File in keyof Declared]: Declared[File][keyof Declared[File]]['route'];
}[keyof Declared];

/** All declared endpoints. `test/luaauth/catalogue.test.ts` checks the declarations against each other. */
export class Catalogue {
  readonly all: readonly Declaration[];
  readonly #byRoute: ReadonlyMap<string, Declaration>;

  constructor(files: Files) {
    this.all = Object.values(files).flatMap((endpoints) => Object.values(endpoints));
    this.#byRoute = new Map(this.all.map((declared) => [declared.route, declared]));
  }

  of(route: string): Declaration | undefined {
    return this.#byRoute.get(route);
  }

  whichShows(resource: Resource): Declaration | undefined {
    return this.all.find(({ shows }) => shows === resource);
  }

  /** Reads one object of a resource. @throws CallFailure; TypeError if no endpoint shows the resource. */
  async show(api: Access, resource: Resource, id: string): Promise<unknown> {
    const read = this.whichShows(resource);
    if (!read) throw new TypeError(`no read shows one ${resource.name}`);
    // A read that shows one object of a resource takes only its id.
    const show = read as unknown as (
      api: Access,
      params: Readonly<Record<string, string>>,
    ) => Promise<unknown>;
    return show(api, { [resource.param]: id });
  }

  /** The names of freshness times, sorted. */
  get freshnesses(): readonly string[] {
    return [...new Set(this.all.flatMap(({ freshFor }) => freshFor ?? []))].sort();
  }
}
