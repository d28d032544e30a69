import { h } from '../dom.js';
import { formatCount } from '../format.js';
import { maximum } from './paint.js';

/** One small chart per value of a column, all on the same axes. */
export class FacetChart {
    #host;
    #make;
    /** @type {Map<any, {box: HTMLElement, caption: HTMLElement, chart: any}>} */
    #panels = new Map();
    main = null;
    all = null;

    /**
     * @param {HTMLElement} host
     * @param {import('../plan.js').ChartDef} def
     * @param {import('./base.js').ChartContext} context
     * @param {(host: HTMLElement, def: any, context: any) => any} make the chart of one panel
     */
    constructor(host, def, context, make) {
        this.def = def;
        this.context = context;
        this.#make = make;
        this.#host = h('div', { class: 'facets' });
        host.append(this.#host);
    }

    update({ main }) {
        this.main = main;
        const { values, counts } = main.facet;
        const keys = new Set(values);
        for (const [key, panel] of this.#panels) {
            if (!keys.has(key)) {
                panel.chart.destroy();
                panel.box.remove();
                this.#panels.delete(key);
            }
        }
        const y_max = Math.max(...main.panels.map((data) => maximum(data.value ?? data.count ?? [])), 1);
        values.forEach((key, i) => {
            const panel = this.#panels.get(key) ?? this.#open(key);
            panel.caption.textContent = `${key ?? 'empty'} · ${formatCount(counts[i])}`;
            if (this.#host.children[i] !== panel.box) {
                this.#host.insertBefore(panel.box, this.#host.children[i] ?? null);
            }
            panel.chart.context.y_max = y_max;
            panel.chart.update({ main: main.panels[i], all: null });
        });
    }

    showFilters() {
        // Small charts own no filter: what they show arrives as data.
    }

    restyle() {
        this.#panels.forEach((panel) => panel.chart.restyle());
    }

    destroy() {
        this.#panels.forEach((panel) => panel.chart.destroy());
        this.#host.remove();
    }

    /** Every panel's canvas with its caption, for the picture of the whole. */
    get canvases() {
        return [...this.#panels.values()].map(({ chart, caption }) => ({ canvas: chart.canvas, text: caption.textContent }));
    }

    get canvas() {
        return null;
    }

    summary() {
        const { values, total } = this.main.facet;
        return `${values.length} of ${formatCount(total)} values of ${this.def.facet}, one small chart each.`;
    }

    #open(key) {
        const caption = h('figcaption', { class: 'facet-caption' });
        const body = h('div', { class: 'plot' });
        const box = h('figure', { class: 'facet' }, caption, body);
        this.#host.append(box);
        const chart = this.#make(body, this.def, { ...this.context, is_compact: true });
        const panel = { box, caption, chart };
        this.#panels.set(key, panel);
        return panel;
    }
}
