import type { Access } from './api.ts';
import type { Declaration } from './endpoint.ts';
import { type Part, paramsIn, type Resource, resourceOf } from './resource.ts';

/** Endpoints by their names in a file, by files. */
type Files = Readonly<Record<string, Readonly<Record<string, Declaration>>>>;

/** The routes of what is declared in files. */
export type RouteIn<Declared extends Files> = {
  [File in keyof Declared]: Declared[File][keyof Declared[File]]['route'];
}[keyof Declared];

/** Every endpoint, to be found by what it is about. */
export class Catalogue {
  readonly all: readonly Declaration[];
  readonly #byRoute: ReadonlyMap<string, Declaration>;

  /** @throws Error that names file, endpoint and member of a declaration which contradicts itself or another one. */
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

  /** The endpoint of a call. */
  of(route: string): Declaration | undefined {
    return this.#byRoute.get(route);
  }

  /** The read that shows one of a resource. */
  whichShows(resource: Resource): Declaration | undefined {
    return this.all.find(({ shows }) => shows === resource);
  }

  /** Reads one of a resource. @throws CallFailure, TypeError for a resource that no read shows. */
  async show(api: Access, resource: Resource, id: string): Promise<unknown> {
    const read = this.whichShows(resource);
    if (!read) throw new TypeError(`no read shows one ${resource.name}`);
    // It takes the id and nothing else: see `#mistakeIn`.
    const show = read as unknown as (
      api: Access,
      params: Readonly<Record<string, string>>,
    ) => Promise<unknown>;
    return show(api, { [resource.param]: id });
  }

  /** The times of freshness that there are, in the order of the declarations. */
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
    // A caller's access goes by the resources that a call names: none may be left out.
    const named = [...parts, ...about].flatMap((part) => ('param' in part ? part.param : []));
    const unnamed = paramsIn(route).find((param) => !named.includes(param));
    if (unnamed)
      return `${partsName}: nothing says of which resource ${unnamed} is an id; name it here or in about`;
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
