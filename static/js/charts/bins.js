import { inputToAxis } from '../format.js';

/** Round widths may make this much more bins than were asked for. */
const MORE_BINS = 1.5;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CLOCK_WIDTHS = [
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
    ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
    ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
    ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
];
/** Whole weeks beyond two days: each bin then holds every day of the week equally often. */
const DAY_WIDTHS = [1, 2, 7, 14, 28, 56, 91, 182, 364, 728, 1820, 3640, 18_200, 36_400, 364_000].map((n) => n * DAY);

/**
 * Bins of which each holds equally many of the values that there can be: whole numbers, days, or a
 * round piece of the clock. Others would hold one value more than their neighbours here and there,
 * which looks like a pattern of the data.
 * @param {any} column of table.describe
 * @param {number} bins about how many
 * @returns {{bins: number, domain?: [number, number]}}
 */
export function binning(column, bins) {
    const low = inputToAxis(column?.min, column?.type);
    const high = inputToAxis(column?.max, column?.type);
    if (low === null || high === null || !Number.isFinite(high - low)) {
        return { bins };
    }
    const most = Math.max(1, Math.floor(bins * MORE_BINS));
    switch (column.type) {
        case 'int':
            return Number.isSafeInteger(low) && Number.isSafeInteger(high) ? wholeBins(low, high, most) : { bins };
        case 'date':
            return timeBins(low, high, DAY_WIDTHS, most) ?? { bins };
        case 'timestamp':
            return timeBins(low, high, [...CLOCK_WIDTHS, ...DAY_WIDTHS], most) ?? { bins };
        default:
            return { bins };
    }
}

/** Edges stand between two numbers, so that no value lies on one. */
function wholeBins(low, high, most) {
    const width = roundAbove((high - low + 1) / most);
    const count = Math.ceil((high - low + 1) / width);
    return { bins: count, domain: [low - 0.5, low - 0.5 + count * width] };
}

/** Up to a day edges stand where the clock is round; longer bins begin with the first day. */
function timeBins(low, high, widths, most) {
    for (const width of widths) {
        const unit = Math.min(width, DAY);
        const first = Math.floor(low / unit) * unit;
        const count = Math.floor((high - first) / width) + 1;
        if (count <= most) {
            return { bins: count, domain: [first, first + count * width] };
        }
    }
    return null;
}

/** The least of 1, 2, 5, 10, 20 … that is not below. */
function roundAbove(least) {
    const power = 10 ** Math.max(0, Math.floor(Math.log10(least)));
    return [1, 2, 5, 10].map((n) => n * power).find((width) => width >= least) ?? 10 * power;
}
