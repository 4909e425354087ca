import type { Access } from './api.ts';
import type { Declaration } from './endpoint.ts';
import { type Part, paramsIn, type Resource, resourceOf } from './resource.ts';

type Files = Readonly<Record<string, Readonly<Record<string, Declaration>>>>;

export type RouteIn<Declared extends Files> = {
  [File in keyof Declared]: Declared[File][keyof Declared[File]]['route'];
}[keyof Declared];

export class Catalogue {
  readonly all: readonly Declaration[];
  readonly #byRoute: ReadonlyMap<string, Declaration>;

  /** @throws Error with file, endpoint and member if a declaration contradicts itself or another declaration. */
  constructor(files: Files) {
    const rows = Object.entries(files).flatMap(([file, endpoints]) =>
      Object.entries(endpoints).map(([name, declared]) => ({ place: `luaauth/${file}: ${name}`, declared })),
    );
    this.all = rows.map(({ declared }) => declared);
    this.#byRoute = new Map(this.all.map((declared) => [declared.route, declared]));
    for (const { place, declared } of rows) {
      const mistake = this.#mistakeIn(declared);
      if (mistake) throw new Error(`${place}.${mistake}`);
    }
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
    // The endpoint takes only the id: `#mistakeIn` checks this.
    const show = read as unknown as (
      api: Access,
      params: Readonly<Record<string, string>>,
    ) => Promise<unknown>;
    return show(api, { [resource.param]: id });
  }

  /** The names of freshness times, in the order of the declarations. */
  get freshnesses(): readonly string[] {
    return [...new Set(this.all.flatMap(({ freshFor }) => freshFor ?? []))];
  }

  #mistakeIn({ route, kind, parts, about, shows }: Declaration): string | undefined {
    const partsName = kind === 'read' ? 'partOf' : 'touches';
    if (this.all.filter((other) => other.route === route).length > 1)
      return `route: ${route} is declared twice`;
    for (const [name, list] of [
      [partsName, parts],
      ['about', about],
    ] as const) {
      for (const part of list) {
        const mistake = this.#mistakeInPart(part, route);
        if (mistake) return `${name}: ${mistake}`;
      }
    }
    // Access lists work by the resources that a call names, so no id of the path may lack its resource.
    const named = [...parts, ...about].flatMap((part) => ('param' in part ? part.param : []));
    const unnamed = paramsIn(route).find((param) => !named.includes(param));
    if (unnamed) return `${partsName}: no part has the id ${unnamed}; name its resource here or in about`;
    if (shows && (kind !== 'read' || paramsIn(route).join() !== shows.param))
      return `shows: a read of one ${shows.name} takes ${shows.param} and nothing else`;
    if (shows && this.all.filter((other) => other.shows === shows).length > 1)
      return `shows: ${shows.name} is shown by another read as well`;
    return undefined;
  }

  #mistakeInPart(part: Part, route: string): string | undefined {
    const resource = resourceOf(part);
    if (!this.whichShows(resource)) return `no read shows one ${resource.name}`;
    if ('param' in part && !paramsIn(route).includes(part.param)) return `${route} has no ${part.param}`;
    return undefined;
  }
}
