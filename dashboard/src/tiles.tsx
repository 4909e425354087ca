/** A number with what it counts. */
export function Tiles({ tiles }: { readonly tiles: readonly (readonly [label: string, value: string])[] }) {
  return (
    <dl className="tiles">
      {tiles.map(([label, value]) => (
        <div key={label} className="card">
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export const sum = (days: readonly { readonly count: number }[]): number =>
  days.reduce((total, { count }) => total + count, 0);
