import { BarsChart } from './bars.js';
import { DensityChart } from './density.js';
import { FacetChart } from './facets.js';
import { HistogramChart } from './histogram.js';
import { LineChart } from './line.js';
import { ScatterChart } from './scatter.js';

const CHARTS = {
    histogram: HistogramChart,
    trend: HistogramChart,
    bars: BarsChart,
    line: LineChart,
    density: DensityChart,
    scatter: ScatterChart,
};

/**
 * @param {HTMLElement} host
 * @param {import('../plan.js').ChartDef} def
 * @param {import('./base.js').ChartContext} context
 */
export function makeChart(host, def, context) {
    return def.facet ? new FacetChart(host, def, context, makePanel) : makePanel(host, def, context);
}

function makePanel(host, def, context) {
    return new CHARTS[def.type](host, def, context);
}
