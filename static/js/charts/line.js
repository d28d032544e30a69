import { formatCount, formatNumber } from '../format.js';
import { PlotChart } from './base.js';
import { paintLine } from './paint.js';
import { columnRange } from './specs.js';

/** A column along another one, thinned by the server so that no extreme is lost. */
export class LineChart extends PlotChart {
    /** @returns {{x: [number, number], y: [number, number]}} */
    ranges() {
        const x = columnRange(this.x_column);
        let low = Infinity;
        let high = -Infinity;
        for (const data of [this.main, this.all]) {
            for (const value of data ? data.y[this.def.y] : []) {
                if (value !== null && Number.isFinite(value)) {
                    low = Math.min(low, value);
                    high = Math.max(high, value);
                }
            }
        }
        const by = (high - low || Math.abs(high) || 1) * 0.05;
        return { x, y: low <= high ? [low - by, high + by] : [0, 1] };
    }

    paint(u) {
        const { color } = this.context.theme;
        for (const [data, stroke] of [
            [this.all, color.ghost],
            [this.main, color.accent],
        ]) {
            if (data) {
                paintLine(u, data.x, data.y[this.def.y], stroke);
            }
        }
    }

    describeAt(x) {
        const at = nearest(this.main.x, x);
        if (at < 0) {
            return '';
        }
        return `${this.word('x', this.main.x[at])}: ${this.def.y} ${formatNumber(this.main.y[this.def.y][at])}`;
    }

    summary() {
        return `${formatCount(this.main.x.length)} points of ${this.def.y} along ${this.def.x}.`;
    }
}

/** @param {ArrayLike<number>} sorted */
function nearest(sorted, value) {
    let low = 0;
    let high = sorted.length - 1;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (sorted[middle] <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return high < 0 || value - sorted[low] < sorted[high] - value ? Math.min(low, high) : high;
}
