import uPlot from '../../vendor/uplot.js';
import { formatShort, isTime } from '../format.js';

const HEIGHT = 190;
const COMPACT_HEIGHT = 120;

/**
 * Axes, scales and a canvas: uPlot without its series, because ours are drawn by hand (paint.js).
 * The owner sets `range` and calls `redraw`; `paint` gets the uPlot instance each time.
 */
export class Plot {
    #host;
    #options;
    #resize;
    #frame = 0;
    /** @type {any} */
    u = null;
    /** @type {{x: [number, number], y: [number, number]}} */
    range = { x: [0, 1], y: [0, 1] };

    /**
     * @param {HTMLElement} host
     * @param {object} options
     * @param {import('../theme.js').Theme} options.theme
     * @param {string} options.x_type column type of the x axis
     * @param {string} [options.y_type] default: a count
     * @param {boolean} [options.has_grid]
     * @param {boolean} [options.is_compact]
     * @param {(u: any) => void} options.paint
     * @param {(u: any) => void} [options.placed] after every change of scale or size
     */
    constructor(host, options) {
        this.#host = host;
        this.#options = options;
        this.#resize = new ResizeObserver(() => this.#fit());
        this.#resize.observe(host);
        this.#build();
    }

    get height() {
        return this.#options.is_compact ? COMPACT_HEIGHT : HEIGHT;
    }

    /** Draws once in the next frame, however often it is asked. */
    redraw() {
        if (this.#frame === 0) {
            this.#frame = requestAnimationFrame(() => this.#draw());
        }
    }

    /** New colours: axes hold theirs, so they are made anew. */
    restyle() {
        this.u.destroy();
        this.#build();
    }

    destroy() {
        cancelAnimationFrame(this.#frame);
        this.#resize.disconnect();
        this.u.destroy();
    }

    /** @returns {HTMLCanvasElement} */
    get canvas() {
        return this.u.ctx.canvas;
    }

    #draw() {
        this.#frame = 0;
        this.u.setData([this.range.x, [null, null]], true);
        this.#options.placed?.(this.u);
    }

    #fit() {
        const width = this.#host.clientWidth;
        if (width > 0 && (width !== this.u.width || this.height !== this.u.height)) {
            this.u.setSize({ width, height: this.height });
            this.#options.placed?.(this.u);
        }
    }

    #build() {
        const { theme, x_type, y_type, has_grid = true, is_compact, paint } = this.#options;
        const axis = { stroke: theme.color.muted, font: '11px system-ui, sans-serif', ticks: { show: false } };
        const grid = { show: has_grid, stroke: theme.color.line, width: 1 };
        const is_y_time = isTime(y_type);
        this.u = new uPlot(
            {
                width: Math.max(this.#host.clientWidth, 80),
                height: this.height,
                padding: [8, is_compact ? 6 : 14, 0, 0],
                ms: 1,
                tzDate: (ms) => uPlot.tzDate(new Date(ms), 'Etc/UTC'),
                legend: { show: false },
                cursor: { show: false },
                scales: {
                    x: { time: isTime(x_type), range: () => this.range.x },
                    y: { time: is_y_time, range: () => this.range.y },
                },
                axes: [
                    { ...axis, size: isTime(x_type) ? 36 : 24, gap: 4, grid: { show: false }, space: is_compact ? 60 : 70, ...this.#ticks(x_type) },
                    { ...axis, size: is_compact ? 36 : 46, gap: 4, grid, space: 34, ...this.#ticks(y_type ?? 'count') },
                ],
                series: [{}, { paths: () => null, points: { show: false } }],
                hooks: { draw: [paint] },
            },
            [this.range.x, [null, null]],
            this.#host,
        );
        this.u.ctx.canvas.setAttribute('aria-hidden', 'true'); // the figure around it is what has a name
    }

    /** uPlot words times itself; numbers are kept short, so that they fit beside the plot. */
    #ticks(type) {
        if (isTime(type)) {
            return {};
        }
        return { values: (u, splits) => splits.map((value) => (value === null ? '' : tick(value, splits))) };
    }
}

/**
 * @param {number} value
 * @param {number[]} splits
 */
function tick(value, splits) {
    const step = splits.length > 1 ? Math.abs(splits[1] - splits[0]) : 1;
    if (Math.abs(value) >= 10_000 && step >= 100) {
        return formatShort(value);
    }
    let digits = 0;
    while (digits < 8 && Math.abs(Math.round(step * 10 ** digits) - step * 10 ** digits) > 1e-6) {
        digits += 1;
    }
    return value.toFixed(digits);
}
