import { formatAxis, formatCount, formatNumber } from '../format.js';
import { PlotChart, binAt } from './base.js';
import { maximum, paintBars, paintLine } from './paint.js';

const DAY_MS = 86_400_000;

/** Counts (or a measure) per bin, the unfiltered shape behind. `trend` draws the measure as a line. */
export class HistogramChart extends PlotChart {
    get is_line() {
        return this.def.type === 'trend';
    }

    /** What is drawn: the measure where there is one. */
    values(data) {
        return data?.value ?? data?.count ?? [];
    }

    ranges() {
        const { edges } = this.main;
        const values = this.values(this.main);
        /** @type {{x: [number, number], y: [number, number]}} */
        const range = { x: [edges[0], edges[edges.length - 1]], y: [0, 1] };
        const drawn = this.is_line || this.same_scale ? [...values, ...this.values(this.all)] : values;
        const finite = Array.from(drawn).filter((value) => value !== null && Number.isFinite(value));
        const low = Math.min(0, ...finite);
        const high = this.context.y_max ?? Math.max(...finite, low === 0 ? 1 : 0);
        range.y = this.is_line ? padded(Math.min(...finite), Math.max(...finite)) : [low, high * 1.05];
        return range;
    }

    get same_scale() {
        return this.def.ghost === 'counts' || this.def.measure?.fn === 'min' || this.def.measure?.fn === 'max';
    }

    step() {
        const { edges } = this.main ?? { edges: [0, 1] };
        return edges[1] - edges[0];
    }

    paint(u) {
        if (!this.main) {
            return;
        }
        const { color } = this.context.theme;
        const { edges } = this.main;
        const values = this.values(this.main);
        const ghost = this.values(this.all);
        if (this.is_line) {
            const middles = Array.from(edges.slice(0, -1), (edge, i) => (edge + edges[i + 1]) / 2);
            paintLine(u, middles, ghost, color.ghost, 2);
            paintLine(u, middles, values, color.accent, 1.75);
            return;
        }
        if (ghost.length > 0) {
            const top = maximum(ghost);
            const own_top = maximum(values);
            // By default the shape fills the same height as what is left of it after filtering.
            paintBars(u, edges, ghost, color.ghost, this.same_scale || top === 0 ? 1 : (own_top || this.plot.range.y[1]) / top);
        }
        paintBars(u, edges, values, color.accent);
    }

    describeAt(x) {
        const { edges, count } = this.main;
        const bin = binAt(edges, x);
        if (bin < 0) {
            return '';
        }
        const value = this.main.value ? `${formatNumber(this.main.value[bin])}, ` : '';
        const all = this.all ? ` of ${formatCount(this.all.count[bin])}` : '';
        return `${this.binWord(bin)}: ${value}${formatCount(count[bin])}${all} rows`;
    }

    summary() {
        const { count, nulls } = this.main;
        const peak = Array.from(count).indexOf(maximum(count));
        return `${count.length} bins, most rows at ${this.binWord(peak)}, ${formatCount(nulls)} without a value.`;
    }

    /** From and to of a bin; of numbers and days that are whole, the first and the last that it holds. */
    binWord(bin) {
        const [from, to] = [this.main.edges[bin], this.main.edges[bin + 1]];
        const last = lastOf(this.x_column?.type, from, to);
        if (last === null) {
            return `${this.word('x', from)} – ${this.word('x', to)}`;
        }
        const words = [Math.ceil(from), last].map((value) => formatAxis(value, this.x_column.type));
        return words[0] === words[1] ? words[0] : `${words[0]} – ${words[1]}`;
    }
}

/** The last value of a bin whose values can be counted, else null. */
function lastOf(type, from, to) {
    if (type === 'date' && from % DAY_MS === 0 && to % DAY_MS === 0) {
        return to - DAY_MS;
    }
    return type === 'int' && to - from >= 1 ? Math.ceil(to) - 1 : null;
}

/** @returns {[number, number]} */
function padded(low, high) {
    if (!Number.isFinite(low) || !Number.isFinite(high)) {
        return [0, 1];
    }
    const by = (high - low || Math.abs(high) || 1) * 0.06;
    return [low - by, high + by];
}
