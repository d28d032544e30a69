/**
 * The pieces of a line whose values are missing here and there. An empty bin is stepped over; only
 * where a wide part of the axis holds nothing the line breaks.
 * @param {ArrayLike<number>} x ascending
 * @param {ArrayLike<number | null>} y
 * @param {number} wide how far apart two values may stand and still be joined
 * @returns {number[][]} places of the values of each piece, each value in one of them
 */
export function lineRuns(x, y, wide) {
    const runs = [];
    let run = [];
    let is_gap = false;
    for (let i = 0; i < y.length; i++) {
        if (y[i] === null || Number.isNaN(y[i])) {
            is_gap = true;
            continue;
        }
        if (run.length > 0 && is_gap && x[i] - x[run[run.length - 1]] > wide) {
            runs.push(run);
            run = [];
        }
        is_gap = false;
        run.push(i);
    }
    return run.length > 0 ? [...runs, run] : runs;
}
