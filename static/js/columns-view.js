import { fill, h, iconButton } from './dom.js';
import { sourcesOf } from './edit/table-editing.js';
import { formatBytes, formatCell, formatCount, formatNumber, formatShare, isNumeric } from './format.js';

/** What each column is: type, empty cells, distinct values, range; and the rows that did not read well. */
export class ColumnsView {
    #add;
    #menu;

    /**
     * @param {(column: any) => void} add makes a chart of a column
     * @param {(name: string, opener: Element) => void} menu what else can be done with a column
     */
    constructor(add, menu) {
        this.#add = add;
        this.#menu = menu;
        this.element = h('div', { class: 'columns-view', tabindex: 0, role: 'region', aria: { label: 'Columns' } });
    }

    /** @param {any} about table.describe */
    describe(about) {
        const head = [['Column'], ['Type'], ['Empty', 'is-number'], ['Distinct', 'is-number'], ['Smallest'], ['Largest'], ['Do']];
        fill(
            this.element,
            h('p', { class: 'columns-about', text: summary(about) }),
            h(
                'table',
                { class: 'plain-table' },
                h('thead', {}, h('tr', {}, ...head.map(([text, style]) => h('th', { scope: 'col', class: style, text })))),
                h('tbody', {}, ...about.columns.map((column) => this.#line(column, Number(about.rows)))),
            ),
            badRows(about.bad_rows),
        );
    }

    #line(column, rows) {
        const { name, type, nulls, min, max, distinct, distinct_exact } = column;
        const end = (value) => (isNumeric(type) ? formatNumber(value === null ? null : Number(value)) : clipped(formatCell(value, type)));
        const more = iconButton('more', `Menu of ${name}`, () => this.#menu(name, more));
        return h(
            'tr',
            { data: { column: name } },
            h('th', { scope: 'row' }, name, column.formula ? h('code', { class: 'formula', text: `= ${clipped(column.formula)}`, title: column.formula }) : null, trouble(column)),
            h('td', {}, h('span', { class: `type type-${type}`, text: type }), exceptions(column)),
            h('td', { class: 'is-number', text: Number(nulls) === 0 ? '0' : `${formatCount(Number(nulls))} (${formatShare(Number(nulls), rows)})` }),
            h('td', { class: 'is-number', text: `${distinct_exact === false ? '≈ ' : ''}${formatCount(Number(distinct))}` }),
            h('td', { text: end(min) }),
            h('td', { text: end(max) }),
            h('td', { class: 'column-acts' }, iconButton('plus', `Add a chart of ${name}`, () => this.#add(column)), more),
        );
    }
}

function summary(about) {
    const size = about.bytes ? `, ${formatBytes(Number(about.bytes))} in memory` : '';
    const loading = about.status === 'loading' ? ' Still loading: types and figures can change.' : '';
    const made = about.derived ? `Follows ${sourcesOf(about.derived)}. ` : '';
    return `${made}${formatCount(about.columns.length)} columns, ${formatCount(Number(about.rows))} rows${size}.${loading}`;
}

function badRows(bad) {
    const count = Number(bad?.count ?? 0);
    if (count === 0) {
        return null;
    }
    const lines = bad.first.map(({ line, column, reason }) => h('li', { text: `Line ${line}${column ? `, ${column}` : ''}: ${reason}` }));
    return h(
        'details',
        { class: 'bad-rows' },
        h('summary', { text: `${formatCount(count)} ${count === 1 ? 'line' : 'lines'} did not read well` }),
        h('ul', {}, ...lines),
    );
}

/** What is wrong with a formula: all of it, or some of its values. */
function trouble({ formula_error, misfits, type }) {
    const text = formula_error ?? (misfits ? `${formatCount(Number(misfits))} values do not fit ${type}: they are null` : '');
    return text ? h('span', { class: 'formula is-bad', text }) : null;
}

/** Cells of a column that do not fit its type: how many, and some of them. */
function exceptions({ exceptions: found, type }) {
    if (!found) {
        return null;
    }
    const some = found.first.slice(0, 20).map(({ row_id, value }) => h('li', { text: `row id ${row_id}: ${value}` }));
    const summary = h('summary', { text: `${formatCount(Number(found.count))} did not fit` });
    return h('details', { class: 'exceptions', title: `No ${type}: they count as null, their text is kept` }, summary, h('ul', {}, ...some));
}

function clipped(text) {
    return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
