/** What is drawn on a uPlot canvas: bars, lines, heat, contours, points. All sizes in device pixels. */
import { contours } from '../../vendor/contour.js';
import { lineRuns } from './runs.js';

/** An empty part of the axis wider than this share of it breaks a line. */
const GAP_SHARE = 0.1;

/**
 * Bars of a histogram, snapped to whole pixels.
 * @param {any} u uPlot
 * @param {ArrayLike<number>} edges
 * @param {ArrayLike<number | null>} values
 * @param {string} color
 * @param {number} [scale] 1: in units of the y axis
 */
export function paintBars(u, edges, values, color, scale = 1) {
    const { ctx } = u;
    const base = Math.round(u.valToPos(0, 'y', true));
    const bottom = Math.round(u.bbox.top + u.bbox.height);
    ctx.save();
    clip(u);
    ctx.fillStyle = color;
    let left = Math.round(u.valToPos(edges[0], 'x', true));
    for (let i = 0; i < values.length; i++) {
        const right = Math.round(u.valToPos(edges[i + 1], 'x', true));
        const value = values[i];
        if (value !== null && value !== 0) {
            const top = Math.round(u.valToPos(value * scale, 'y', true));
            const from = Math.min(base, bottom);
            // A bin that holds anything shows at least a pixel.
            const height = value > 0 ? Math.max(from - top, 1) : Math.min(from - top, -1);
            ctx.fillRect(left, from - height, Math.max(right - left - (right - left > 3 ? 1 : 0), 1), height);
        }
        left = right;
    }
    ctx.restore();
}

/**
 * @param {any} u
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number | null>} y null: no value there
 * @param {string} color
 */
export function paintLine(u, x, y, color, width = 1.25) {
    const { ctx } = u;
    ctx.save();
    clip(u);
    ctx.strokeStyle = color;
    ctx.lineWidth = width * devicePixelRatio;
    ctx.lineJoin = 'round';
    ctx.fillStyle = color;
    const { min, max } = u.scales.x;
    for (const run of lineRuns(x, y, (max - min) * GAP_SHARE)) {
        ctx.beginPath();
        if (run.length === 1) {
            ctx.arc(u.valToPos(x[run[0]], 'x', true), u.valToPos(y[run[0]], 'y', true), 2 * devicePixelRatio, 0, 2 * Math.PI);
            ctx.fill();
            continue;
        }
        run.forEach((i) => ctx.lineTo(u.valToPos(x[i], 'x', true), u.valToPos(y[i], 'y', true)));
        ctx.stroke();
    }
    ctx.restore();
}

/**
 * @param {any} u
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y
 * @param {(index: number) => string} color
 */
export function paintPoints(u, x, y, color) {
    const { ctx } = u;
    const size = Math.max(2, Math.round(2.5 * devicePixelRatio));
    ctx.save();
    clip(u);
    ctx.globalAlpha = 0.55;
    for (let i = 0; i < x.length; i++) {
        if (x[i] !== null && y[i] !== null) {
            ctx.fillStyle = color(i);
            ctx.fillRect(u.valToPos(x[i], 'x', true) - size / 2, u.valToPos(y[i], 'y', true) - size / 2, size, size);
        }
    }
    ctx.restore();
}

const scratch = document.createElement('canvas');

/**
 * A cell per bin. Empty cells that hold rows without the filter are shown in the ghost colour.
 * @param {any} u
 * @param {{nx: number, ny: number, values: ArrayLike<number>, ghost: ArrayLike<number> | null}} grid
 * @param {Uint8ClampedArray} ramp 256 RGBA entries
 * @param {number[]} ghost_rgb
 */
export function paintHeat(u, { nx, ny, values, ghost }, ramp, ghost_rgb) {
    const image = new ImageData(nx, ny);
    const max = maximum(values);
    for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++) {
            const at = y * nx + x;
            const to = ((ny - 1 - y) * nx + x) * 4;
            const value = values[at];
            if (value > 0) {
                const shade = Math.round(Math.sqrt(value / max) * 255) * 4;
                image.data.set(ramp.subarray(shade, shade + 4), to);
            } else if (ghost && ghost[at] > 0) {
                image.data.set([...ghost_rgb, 70], to);
            }
        }
    }
    scratch.width = nx;
    scratch.height = ny;
    scratch.getContext('2d').putImageData(image, 0, 0);
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.imageSmoothingEnabled = false;
    u.ctx.drawImage(scratch, left, top, width, height);
    u.ctx.restore();
}

/**
 * Filled contours; the unfiltered outline behind them.
 * @param {any} u
 * @param {{nx: number, ny: number, values: ArrayLike<number>, ghost: ArrayLike<number> | null}} grid
 * @param {Uint8ClampedArray} ramp
 * @param {string} ghost_color
 */
export function paintContours(u, { nx, ny, values, ghost }, ramp, ghost_color, levels = 8) {
    const smooth = smoothed(values, nx, ny);
    const max = maximum(smooth);
    const { ctx } = u;
    ctx.save();
    clip(u);
    if (ghost) {
        const outline = smoothed(ghost, nx, ny);
        const top = maximum(outline);
        ctx.strokeStyle = ghost_color;
        ctx.lineWidth = devicePixelRatio;
        shapes(outline, nx, ny, [top * 0.01, top * 0.1, top * 0.4]).forEach((shape) => {
            tracePath(u, shape, nx, ny);
            ctx.stroke();
        });
    }
    if (max > 0) {
        const steps = Array.from({ length: levels }, (_, i) => max * ((i + 0.15) / levels) ** 1.7);
        shapes(smooth, nx, ny, steps).forEach((shape, i) => {
            const shade = Math.round(((i + 1) / levels) * 255) * 4;
            ctx.fillStyle = `rgb(${ramp[shade]}, ${ramp[shade + 1]}, ${ramp[shade + 2]})`;
            tracePath(u, shape, nx, ny);
            ctx.fill('evenodd');
        });
    }
    ctx.restore();
}

function shapes(values, nx, ny, thresholds) {
    return contours().size([nx, ny]).thresholds(thresholds)(Array.from(values));
}

function tracePath(u, shape, nx, ny) {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    ctx.beginPath();
    for (const polygon of shape.coordinates) {
        for (const ring of polygon) {
            ring.forEach(([x, y], i) => {
                const px = left + (x / nx) * width;
                const py = top + height - (y / ny) * height;
                if (i === 0) {
                    ctx.moveTo(px, py);
                } else {
                    ctx.lineTo(px, py);
                }
            });
            ctx.closePath();
        }
    }
}

/** Weights 1 2 1 in both directions, so that single rows do not make islands. */
export function smoothed(values, nx, ny) {
    const once = pass(values, nx, ny, 1, nx);
    return pass(once, ny, nx, nx, 1);
}

function pass(values, length, lines, step, line_step) {
    const out = new Float64Array(length * lines);
    for (let line = 0; line < lines; line++) {
        for (let i = 0; i < length; i++) {
            const at = line * line_step + i * step;
            const before = i > 0 ? values[at - step] : values[at];
            const after = i < length - 1 ? values[at + step] : values[at];
            out[at] = (Number(before) + 2 * Number(values[at]) + Number(after)) / 4;
        }
    }
    return out;
}

/** @param {ArrayLike<number | null>} values */
export function maximum(values) {
    let max = 0;
    for (let i = 0; i < values.length; i++) {
        if (values[i] > max) {
            max = values[i];
        }
    }
    return max;
}

function clip(u) {
    const { left, top, width, height } = u.bbox;
    u.ctx.beginPath();
    u.ctx.rect(left, top, width, height);
    u.ctx.clip();
}
