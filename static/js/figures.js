import { fill, h } from './dom.js';
import { formatCount, formatNumber, formatShare } from './format.js';
import { planFigures } from './plan.js';

/** The key figures above the charts: rows, filtered rows, means. */
export class Figures {
    #output;
    #columns;
    #changed;
    #offs = [];

    /**
     * @param {any} session
     * @param {string} table
     * @param {import('./filters.js').Filters} filters
     * @param {any[]} columns
     * @param {(rows: {rows: number, total: number, version: number}) => void} changed
     * @param {(error: any) => void} [failed]
     */
    constructor(session, table, filters, columns, changed, failed = () => {}) {
        this.#columns = planFigures(columns);
        this.#changed = changed;
        this.element = h('dl', { class: 'figures', aria: { label: 'Key figures' } });
        this.#output = session.output(`${filters.select}_figures`, { kind: 'value', table, select: filters.select, measures: this.#measures() });
        this.#offs.push(this.#output.on('value', (value) => this.#show(value)));
        this.#offs.push(this.#output.on('state', ({ error }) => error && failed(error)));
        if (this.#output.value) {
            this.#show(this.#output.value);
        }
    }

    /** Columns came or changed their type. */
    describe(columns) {
        const next = planFigures(columns);
        if (next.map((column) => column.name).join('\n') !== this.#columns.map((column) => column.name).join('\n')) {
            this.#columns = next;
            this.#output.update({ ...this.#output.spec, measures: this.#measures() }).catch(() => {});
        }
    }

    #measures() {
        return { n: { fn: 'count' }, ...Object.fromEntries(this.#columns.map(({ name }, i) => [`mean_${i}`, { fn: 'mean', column: name }])) };
    }

    destroy() {
        this.#offs.forEach((off) => off());
        this.#output.drop().catch(() => {});
        this.element.remove();
    }

    #show(value) {
        const rows = Number(value.rows);
        const total = Number(value.total);
        const figures = [
            ['rows', 'Rows', formatCount(total)],
            ['filtered', 'Filtered rows', `${formatCount(rows)} (${formatShare(rows, total)})`],
            ...this.#columns.map((column, i) => [`mean-${column.name}`, `Mean ${column.name}`, formatNumber(value.data.measures[`mean_${i}`])]),
        ];
        fill(
            this.element,
            ...figures.map(([key, name, text]) => h('div', { class: 'figure', data: { figure: key } }, h('dt', { text: name }), h('dd', { text }))),
        );
        this.#changed({ rows, total, version: value.version });
    }
}
