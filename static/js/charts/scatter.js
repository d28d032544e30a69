import { formatCount, formatNumber } from '../format.js';
import { PlotChart } from './base.js';
import { paintPoints } from './paint.js';
import { columnRange } from './specs.js';

/** A steady sample of rows over two columns, coloured by a third. */
export class ScatterChart extends PlotChart {
    /** @type {Map<any, number>} value: place in the palette, kept while the chart lives */
    #places = new Map();

    constructor(host, def, context) {
        super(host, def, context, { axes: ['x', 'y'], y_type: context.filters.column(def.y)?.type });
    }

    /** @returns {{x: [number, number], y: [number, number]}} */
    ranges() {
        const [low, high] = columnRange(this.y_column);
        const by = (high - low) * 0.04;
        return { x: columnRange(this.x_column), y: [low - by, high + by] };
    }

    paint(u) {
        if (this.main) {
            paintPoints(u, this.main.x, this.main.y, this.#colors());
        }
    }

    describeAt(x, y) {
        return `${this.def.x} ${this.word('x', x)}, ${this.def.y} ${this.word('y', y)}`;
    }

    summary() {
        return `${formatCount(this.main.x.length)} of ${formatCount(Number(this.main.total))} rows shown.`;
    }

    /** The legend: text and colour, for the card to show. */
    legend() {
        const { color } = this.main ?? {};
        if (!color) {
            return [];
        }
        const { theme } = this.context;
        if (this.#isContinuous()) {
            const [low, high] = extent(color);
            return [
                { text: formatNumber(low), color: rampColor(theme.ramp, 0) },
                { text: formatNumber(high), color: rampColor(theme.ramp, 1) },
            ];
        }
        return [...this.#palette()].map(([text, paint]) => ({ text: String(text), color: paint }));
    }

    #isContinuous() {
        const type = this.context.filters.column(this.def.color)?.type;
        return type === 'int' || type === 'float' || type === 'date' || type === 'timestamp';
    }

    /** A value keeps its colour when filters take others away. */
    #palette() {
        const { series } = this.context.theme;
        const values = [...new Set(this.main.color)].filter((value) => value !== null).sort();
        values.filter((value) => !this.#places.has(value)).forEach((value) => this.#places.set(value, this.#places.size));
        return new Map(values.filter((value) => this.#places.get(value) < series.length).map((value) => [value, series[this.#places.get(value)]]));
    }

    #colors() {
        const { theme } = this.context;
        const { color } = this.main;
        if (!color) {
            return () => theme.color.accent;
        }
        if (this.#isContinuous()) {
            const [low, high] = extent(color);
            return (i) => (color[i] === null ? theme.color.ghost : rampColor(theme.ramp, (color[i] - low) / (high - low || 1)));
        }
        const palette = this.#palette();
        return (i) => palette.get(color[i]) ?? theme.color.ghost;
    }
}

function extent(values) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
        if (value !== null) {
            low = Math.min(low, value);
            high = Math.max(high, value);
        }
    }
    return [low, high];
}

function rampColor(ramp, share) {
    const at = Math.round(share * 255) * 4;
    return `rgb(${ramp[at]}, ${ramp[at + 1]}, ${ramp[at + 2]})`;
}
