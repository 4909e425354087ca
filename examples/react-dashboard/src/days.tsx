interface DaysProps {
  readonly executions: readonly { readonly date: string; readonly count: number }[];
}

const [WIDTH, HEIGHT] = [4, 24];

/** A bar for each day, in the order of the API. */
export function Days({ executions }: DaysProps) {
  const most = Math.max(1, ...executions.map(({ count }) => count));
  const last = executions.at(-1);
  const label = last ? `${last.count.toLocaleString('en')} on ${last.date}` : 'no executions';
  return (
    <svg
      role="img"
      aria-label={label}
      width={executions.length * WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${executions.length * WIDTH} ${HEIGHT}`}
    >
      <title>{label}</title>
      {executions.map(({ date, count }, index) => {
        const height = (count / most) * HEIGHT;
        return (
          <rect key={date} x={index * WIDTH} y={HEIGHT - height} width={WIDTH - 1} height={height}>
            <title>{`${count.toLocaleString('en')} on ${date}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
