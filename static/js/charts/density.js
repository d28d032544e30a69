import { formatCount } from '../format.js';
import { channels } from '../theme.js';
import { PlotChart, binAt } from './base.js';
import { maximum, paintContours, paintHeat } from './paint.js';

/** How the rows lie over two columns, as a heatmap or as contours. */
export class DensityChart extends PlotChart {
    constructor(host, def, context) {
        super(host, def, context, {
            axes: ['x', 'y'],
            y_type: context.filters.column(def.y)?.type,
            has_grid: false,
        });
    }

    /** @returns {{x: [number, number], y: [number, number]}} */
    ranges() {
        const { x_edges, y_edges } = this.main;
        return {
            x: [x_edges[0], x_edges[x_edges.length - 1]],
            y: [y_edges[0], y_edges[y_edges.length - 1]],
        };
    }

    step(axis) {
        const edges = this.main?.[`${axis}_edges`] ?? [0, 1];
        return edges[1] - edges[0];
    }

    paint(u) {
        if (!this.main) {
            return;
        }
        const { theme } = this.context;
        const grid = {
            nx: this.main.x_edges.length - 1,
            ny: this.main.y_edges.length - 1,
            values: this.main.value ?? this.main.count,
            ghost: this.all?.count ?? null,
        };
        if (this.def.style === 'contour') {
            paintContours(u, grid, theme.ramp, theme.color.ghost);
        } else {
            paintHeat(u, grid, theme.ramp, channels(theme.color.ghost));
        }
    }

    describeAt(x, y) {
        const i = binAt(this.main.x_edges, x);
        const j = binAt(this.main.y_edges, y);
        if (i < 0 || j < 0) {
            return '';
        }
        const count = this.main.count[j * (this.main.x_edges.length - 1) + i];
        return `${this.def.x} ${this.word('x', x)}, ${this.def.y} ${this.word('y', y)}: ${formatCount(count)} rows`;
    }

    summary() {
        const { count, x_edges, y_edges } = this.main;
        const nx = x_edges.length - 1;
        const peak = Array.from(count).indexOf(maximum(count));
        return `${nx} by ${y_edges.length - 1} cells, most rows near ${this.def.x} ${this.word('x', x_edges[peak % nx])} and ${this.def.y} ${this.word('y', y_edges[Math.floor(peak / nx)])}.`;
    }
}
