import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { compact } from './format.ts';

const HEIGHT = 240;
const [TOP, RIGHT, BOTTOM, LEFT] = [12, 12, 28, 48];
/** The labels of the bars stand here. */
const LABELS = HEIGHT - 8;

/** The place that a bar has, in pixels of the plot. */
export interface Place {
  readonly x: number;
  /** The width of the bar with the gap to the next one. */
  readonly band: number;
  /** The width of the whole plot. */
  readonly width: number;
  readonly bottom: number;
  /** The height at which a value stands. */
  readonly y: (value: number) => number;
}

interface PlotProps {
  readonly title: string;
  /** The plot in words. */
  readonly label: string;
  /** The names of the bars, no two the same. */
  readonly names: readonly string[];
  /** The greatest value. */
  readonly most: number;
  /** The bar from which the arrow keys begin. */
  readonly begin: number;
  /** The caption for the chosen bar. */
  readonly say: (chosen: number | undefined) => ReactNode;
  readonly bar: (index: number, place: Place) => ReactNode;
  /** Whether a bar has its name below it. */
  readonly isLabelled: (index: number, place: Place) => boolean;
  /** Where the label stands in its band: 0 is the left edge, 0.5 the middle. */
  readonly labelAt: number;
  readonly children: ReactNode;
}

/** Bars with axes. A bar is chosen by pointer or by arrow keys, and the caption shows its value. */
export function Plot(props: PlotProps) {
  const { title, label, names, most, begin, say, bar, isLabelled, labelAt, children } = props;
  const { ref, width } = useWidth();
  const [chosen, setChosen] = useState<number>();
  const ticks = ticksUpTo(most);
  const top = ticks.at(-1) ?? 1;
  // A part of a page that is not shown has no width.
  const band = Math.max(0, width - LEFT - RIGHT) / names.length;
  const y = (value: number) => TOP + (1 - value / top) * (HEIGHT - TOP - BOTTOM);
  const placeOf = (index: number): Place => ({
    x: LEFT + index * band,
    band,
    width,
    bottom: HEIGHT - BOTTOM,
    y,
  });
  const choose = (index: number) => setChosen(Math.min(Math.max(index, 0), names.length - 1));
  const onPointer = ({ clientX, currentTarget }: PointerEvent<SVGSVGElement>) =>
    choose(Math.floor((clientX - currentTarget.getBoundingClientRect().left - LEFT) / band));
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    choose((chosen ?? begin) + step);
  };
  const said = say(chosen);
  return (
    <figure className="chart" ref={ref}>
      <figcaption>
        <span>{title}</span>
        {said && <output>{said}</output>}
      </figcaption>
      <svg
        role="img"
        aria-label={`${title}: ${label}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys choose a bar.
        tabIndex={0}
        width={width}
        height={HEIGHT}
        onPointerMove={onPointer}
        onPointerLeave={() => setChosen(undefined)}
        onKeyDown={onKey}
        onBlur={() => setChosen(undefined)}
      >
        {ticks.map((tick) => (
          <g key={tick} className="tick">
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 8} y={y(tick) + 4} textAnchor="end">
              {compact(tick)}
            </text>
          </g>
        ))}
        {names.map((name, index) => (
          <g key={name} className={chosen === undefined || chosen === index ? 'day' : 'day other'}>
            {bar(index, placeOf(index))}
            {isLabelled(index, placeOf(index)) && (
              <text x={LEFT + (index + labelAt) * band} y={LABELS} textAnchor="middle">
                {name}
              </text>
            )}
          </g>
        ))}
      </svg>
      {children}
    </figure>
  );
}

/** From 0 to at least `most`, in some four round steps. */
function ticksUpTo(most: number): number[] {
  const rough = Math.max(most, 4) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(Math.max(most, 1) / step) + 1 }, (_, index) => index * step);
}

/** The width that there is, so that labels keep their size. */
function useWidth() {
  const ref = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const { current } = ref;
    if (!current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}
