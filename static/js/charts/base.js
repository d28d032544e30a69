import { Brush } from './brush.js';
import { Plot } from './plot.js';
import { formatAxis } from '../format.js';

/**
 * What a chart is given.
 * @typedef {object} ChartContext
 * @property {import('../theme.js').Theme} theme
 * @property {import('../filters.js').Filters} filters
 * @property {(text: string) => void} readout shows what is under the pointer
 * @property {boolean} [is_compact] one of many small charts
 * @property {number} [y_max] the height that small charts share
 */

/** A chart on a plot: the part that histogram, line, density and scatter share. */
export class PlotChart {
    /** @type {any} data of the output that follows the filters */
    main = null;
    /** @type {any} data of the unfiltered output */
    all = null;

    /**
     * @param {HTMLElement} host
     * @param {import('../plan.js').ChartDef} def
     * @param {ChartContext} context
     * @param {{axes?: string[], y_type?: string, has_grid?: boolean}} options `axes`: what can be brushed
     */
    constructor(host, def, context, { axes = ['x'], y_type, has_grid = true } = {}) {
        this.def = def;
        this.context = context;
        this.axes = axes;
        this.x_column = context.filters.column(def.x);
        this.y_column = def.y ? context.filters.column(def.y) : null;
        this.plot = new Plot(host, {
            theme: context.theme,
            x_type: this.x_column?.type ?? 'float',
            y_type,
            has_grid,
            is_compact: context.is_compact,
            paint: (u) => this.paint(u),
            placed: (u) => this.brush?.place(u),
        });
        this.brush = context.is_compact ? null : this.#makeBrush();
        host.addEventListener('pointermove', (event) => this.#hover(event));
        host.addEventListener('pointerleave', () => context.readout(''));
    }

    /** @param {{main: any, all: any}} data */
    update({ main, all }) {
        this.main = main;
        this.all = all;
        this.plot.range = this.ranges();
        this.plot.redraw();
    }

    /** The filters changed somewhere: show the part of them that is this chart's. */
    showFilters() {
        this.brush?.show(this.#filterValues());
        this.plot.redraw();
    }

    restyle() {
        this.plot.restyle();
        this.plot.redraw();
    }

    destroy() {
        this.plot.destroy();
    }

    get canvas() {
        return this.plot.canvas;
    }

    /** One press of an arrow key on a brush. */
    step(axis) {
        const [low, high] = this.plot.range[axis];
        return (high - low) / 100;
    }

    /** @returns {{x: [number, number], y: [number, number]}} */
    ranges() {
        return this.plot.range;
    }

    /**
     * Draws the series; each chart has its own.
     * @param {any} u uPlot
     */
    paint(u) {
        throw new Error(`Nothing draws ${this.def.type} on ${u.width} pixels.`);
    }

    /**
     * What is at a position, in words.
     * @param {number} x
     * @param {number} y
     */
    describeAt(x, y) {
        return `${this.word('x', x)}, ${this.word('y', y)}`;
    }

    word(axis, value) {
        const column = axis === 'x' ? this.x_column : this.y_column;
        const [low, high] = this.plot.range[axis];
        return formatAxis(roundTo(value, (high - low) / 1000), column?.type ?? 'float', high - low);
    }

    column(axis) {
        return axis === 'x' ? this.def.x : this.def.y;
    }

    #makeBrush() {
        const { axes } = this;
        const { filters } = this.context;
        const brush = new Brush({
            axes,
            name: (axis) => this.column(axis),
            limits: (axis) => this.plot.range[axis],
            step: (axis) => this.step(axis),
            word: (axis, value) => this.word(axis, value),
            changed: (value) => {
                filters.set(Object.fromEntries(axes.map((axis) => [this.column(axis), this.#rounded(axis, value[axis])])));
            },
            taken: () => {
                if (axes.length === 1) {
                    filters.announce(this.column(axes[0]));
                }
            },
        });
        brush.show(this.#filterValues());
        return brush;
    }

    #filterValues() {
        return Object.fromEntries(this.axes.map((axis) => [axis, this.context.filters.get(this.column(axis))]));
    }

    /** A thousandth of the axis is finer than a pixel: no more digits than that in a filter. */
    #rounded(axis, range) {
        const [low, high] = this.plot.range[axis];
        return range ? range.map((value) => roundTo(value, (high - low) / 1000)) : null;
    }

    #hover(event) {
        const { u } = this.plot;
        const area = u.over.getBoundingClientRect();
        const x = event.clientX - area.left;
        const y = event.clientY - area.top;
        const is_inside = x >= 0 && y >= 0 && x <= area.width && y <= area.height && this.main !== null;
        this.context.readout(is_inside ? this.describeAt(u.posToVal(x, 'x'), u.posToVal(y, 'y')) : '');
    }
}

/**
 * @param {number} value
 * @param {number} step rounded down to a power of ten
 */
export function roundTo(value, step) {
    if (!(step > 0)) {
        return value;
    }
    const digits = Math.floor(Math.log10(step));
    return digits >= 0 ? Math.round(value / 10 ** digits) * 10 ** digits : Number(value.toFixed(Math.min(-digits, 12)));
}

/** The bin that a position falls into, or -1. */
export function binAt(edges, value) {
    let low = 0;
    let high = edges.length - 1;
    if (!(value >= edges[0] && value <= edges[high])) {
        return -1;
    }
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (edges[middle] <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}
