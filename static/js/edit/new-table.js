import { h } from '../dom.js';
import { isNumeric, isTime } from '../format.js';
import { ExpressionField, quoteName } from './expression-field.js';
import { FormDialog, choice, field } from './form-dialog.js';
import { LineList } from './line-list.js';

const SHAPES = [['rows', 'the rows as they are'], ['grouped', 'one row per group'], ['pivot', 'groups down, values of a column across'], ['distinct', 'different rows only']];
const FNS = [['count', 'number of rows'], ['sum', 'sum'], ['mean', 'mean'], ['min', 'smallest'], ['max', 'largest'], ['median', 'median'], ['stddev', 'standard deviation'], ['distinct', 'different values']];
const UNITS = ['day', 'week', 'month', 'quarter', 'year'];
const KINDS = [['inner', 'only rows with a match'], ['left', 'all rows of this table']];

/** "New table from this": a table derived from the one that is open, by default following it. */
export class NewTable {
    #session;
    #table;
    #filters;
    #tables;
    #opened;
    #is_derived;
    #dialog;
    /** @type {any[]} columns of the joined table */
    #joined = [];
    #fields = /** @type {Record<string, any>} */ ({});
    #parts = h('div', { class: 'form-fields' });
    #where;
    #on = h('div', {});

    /**
     * @param {any} session
     * @param {import('../../client/table.js').Table} table
     * @param {import('../filters.js').Filters} filters
     * @param {{tables: () => any[], open: (table: string) => void}} to
     */
    constructor(session, table, filters, { tables, open }) {
        this.#session = session;
        this.#table = table;
        this.#filters = filters;
        this.#tables = tables().filter((one) => one.table !== table.name);
        this.#opened = open;
        this.#is_derived = tables().some((one) => one.table === table.name && one.derived);
    }

    open() {
        const from = this.#table.name;
        const is_filtered = this.#filters.active.length > 0;
        const sources = [['all', 'all of them'], ['now', 'those that pass the filters as they are now'], ['follow', 'those that pass the filters, following them']];
        const others = this.#tables.map(({ table }) => /** @type {[string, string]} */ ([table, table]));
        this.#dialog = new FormDialog(`New table from ${from}`, 'Make the table', { is_wide: true, closed: () => this.#where.stop() });
        this.#fields = {
            name: h('input', { name: 'name', autocomplete: 'off', value: this.#freeName(from) }),
            source: choice('source', sources, is_filtered ? 'now' : 'all'),
            join: choice('join', [['', 'nothing'], ...others], ''),
            shape: choice('shape', SHAPES, is_filtered ? 'rows' : 'grouped'),
            snapshot: choice('snapshot', [['', 'yes: it is made anew when they change'], ['1', 'no: it stays as it is now']], ''),
        };
        this.#where = new ExpressionField('Only rows where (may be empty)', this.#filters.columns.map(({ name }) => name), (expr, signal) => this.#check(expr, signal), { hint: 'such as price > 10' });
        this.#fields.shape.addEventListener('change', () => this.#draw());
        this.#fields.join.addEventListener('change', () => this.#joinOther());
        const { name, source, join, shape, snapshot } = this.#fields;
        this.#dialog.open(
            [field('Name', name), is_filtered ? field('Rows', source) : null, others.length > 0 ? field('Join with', join) : null, this.#on, this.#where.element, field('Shape', shape), this.#parts, field('Follows its sources', snapshot)],
            () => this.#make(),
        );
        this.#draw();
        name.select();
    }

    #freeName(from) {
        const taken = new Set([from, ...this.#tables.map(({ table }) => table)]);
        let number = 2;
        while (taken.has(`${from} ${number}`)) {
            number += 1;
        }
        return `${from} ${number}`;
    }

    /** A joined row has columns of both tables: what is wrong then is said by the server when it is made. */
    #check(expr, signal) {
        const is_told_later = this.#fields.join.value || this.#is_derived;
        return is_told_later ? Promise.resolve({}) : this.#table.preview({ where: expr, limit: 0 }, { signal });
    }

    /** A key that is called the same in both tables is there once; another name that is taken gets an ending. */
    get #columns() {
        const own = this.#filters.columns;
        const names = new Set(own.map(({ name }) => name));
        const keys = new Set((this.#joined.length > 0 ? this.#fields.on.values : []).filter(({ left, right }) => left === right).map(({ right }) => right));
        const joined = this.#joined.filter(({ name }) => !keys.has(name));
        return [...own, ...joined.map((column) => (names.has(column.name) ? { ...column, name: `${column.name}_2` } : column))];
    }

    async #joinOther() {
        const { join } = this.#fields;
        this.#joined = [];
        this.#on.replaceChildren();
        if (join.value) {
            try {
                const columns = (await this.#session.table(join.value).describe()).columns;
                this.#on.append(this.#joinFields(columns));
                this.#joined = columns;
            } catch (error) {
                this.#dialog.say(error.message);
            }
        }
        this.#draw();
    }

    #joinFields(columns) {
        const options = (list) => list.map(({ name }) => /** @type {[string, string]} */ ([name, name]));
        const own = this.#filters.columns;
        const common = own.find(({ name }) => columns.some((column) => column.name === name))?.name;
        this.#fields.kind = choice('kind', KINDS, 'inner');
        this.#fields.on = new LineList('Where these are equal', 'pair of columns', () => {
            const left = choice('left', options(own), common ?? own[0].name);
            const right = choice('right', options(columns), common ?? columns[0].name);
            left.setAttribute('aria-label', `Column of ${this.#table.name}`);
            right.setAttribute('aria-label', `Column of ${this.#fields.join.value}`);
            return { element: h('div', { class: 'line-fields' }, left, '=', right), value: () => ({ left: left.value, right: right.value }) };
        }, { changed: () => this.#joined.length > 0 && this.#draw() });
        return h('div', { class: 'form-fields' }, this.#fields.on.element, field('Keep', this.#fields.kind));
    }

    #draw() {
        const shape = this.#fields.shape.value;
        const makers = {
            rows: () => [this.#columnList()],
            distinct: () => [this.#columnList()],
            grouped: () => [this.#keyList(), this.#measureList()],
            pivot: () => [this.#keyList(), this.#pivotFields()],
        };
        this.#parts.replaceChildren(...makers[shape](), this.#orderFields());
        this.#offerOrder();
    }

    #columnList() {
        const boxes = this.#columns.map(({ name }) => {
            const box = h('input', { type: 'checkbox', name: 'column', value: name });
            box.checked = true;
            return box;
        });
        this.#fields.columns = boxes;
        const labels = boxes.map((box) => h('label', { class: 'check' }, box, box.value));
        return h('fieldset', { class: 'line-list' }, h('legend', { text: 'Columns' }), h('div', { class: 'checks' }, ...labels));
    }

    /** A time is rarely a group as it stands: its days, months and years are offered, too. */
    #keyList() {
        const options = this.#columns.flatMap(({ name, type }) => [
            /** @type {[string, string]} */ ([JSON.stringify(name), name]),
            ...(isTime(type) ? UNITS.map((unit) => /** @type {[string, string]} */ ([JSON.stringify({ name: `${name} ${unit}`, expr: `date_trunc('${unit}', ${quoteName(name)})` }), `${unit} of ${name}`])) : []),
        ]);
        const first = this.#columns.find(({ type }) => type === 'string' || type === 'bool') ?? this.#columns[0];
        this.#fields.keys = new LineList('Grouped by', 'column', () => {
            const select = choice('key', options, JSON.stringify(first.name));
            select.setAttribute('aria-label', 'Grouped by');
            return { element: select, value: () => JSON.parse(select.value) };
        }, { changed: () => this.#offerOrder() });
        return this.#fields.keys.element;
    }

    #measureList() {
        this.#fields.measures = new LineList('With', 'measure', () => this.#measure(), { count: 2, changed: () => this.#offerOrder() });
        const [, second] = this.#fields.measures.element.querySelectorAll('select[name=fn]');
        if (second) {
            second.value = 'mean';
            second.dispatchEvent(new Event('change', { bubbles: true }));
        }
        return this.#fields.measures.element;
    }

    #measure() {
        const fn = choice('fn', FNS, 'count');
        const of = choice('of', [['', '–']], '');
        const offer = () => {
            const fits = this.#columns.filter(({ type }) => (['sum', 'mean', 'median', 'stddev'].includes(fn.value) ? isNumeric(type) : true));
            of.hidden = fn.value === 'count';
            of.replaceChildren(...fits.map(({ name }) => h('option', { value: name, text: `of ${name}` })));
        };
        fn.setAttribute('aria-label', 'Measure');
        of.setAttribute('aria-label', 'Of the column');
        fn.addEventListener('change', offer);
        offer();
        const value = () => (fn.value === 'count' ? { fn: 'count' } : of.value ? { fn: fn.value, column: of.value } : null);
        return { element: h('div', { class: 'line-fields' }, fn, of), value };
    }

    #pivotFields() {
        const few = this.#columns.filter(({ distinct }) => Number(distinct) <= 256);
        this.#fields.pivot = choice('pivot', (few.length > 0 ? few : this.#columns).map(({ name }) => /** @type {[string, string]} */ ([name, name])), few[1]?.name);
        const measure = this.#measure();
        this.#fields.measure = measure;
        return h('div', { class: 'form-fields' }, field('One column per value of', this.#fields.pivot), h('div', { class: 'field' }, h('span', { text: 'Each holding the' }), measure.element));
    }

    #orderFields() {
        this.#fields.sort = h('select', { name: 'sort' });
        this.#fields.order = choice('order', [['asc', 'smallest first'], ['desc', 'largest first']], 'asc');
        this.#fields.limit = h('input', { name: 'limit', type: 'number', min: 1, placeholder: 'all' });
        return h('div', { class: 'form-fields' }, field('Sorted by', this.#fields.sort), field('In the order', this.#fields.order), field('At most this many rows', this.#fields.limit));
    }

    #offerOrder() {
        const { sort } = this.#fields;
        if (!sort) {
            return;
        }
        const now = sort.value;
        const names = this.#resultColumns();
        sort.replaceChildren(h('option', { value: '', text: 'as they come' }), ...names.map((name) => h('option', { value: name, text: name })));
        sort.value = names.includes(now) ? now : '';
    }

    #resultColumns() {
        const shape = this.#fields.shape.value;
        if (shape === 'rows' || shape === 'distinct') {
            return this.#columns.map(({ name }) => name);
        }
        const keys = this.#fields.keys.values.map((key) => key.name ?? key);
        return shape === 'pivot' ? keys : [...keys, ...Object.keys(this.#measures())];
    }

    #measures() {
        return Object.fromEntries((this.#fields.measures?.values ?? []).map((one) => [one.column ? `${one.fn} of ${one.column}` : 'rows', one]));
    }

    #definition() {
        const { source, join, shape, snapshot, sort, order, limit } = this.#fields;
        const conditions = [source.value === 'now' ? this.#filters.where() : null, this.#where.value || null].filter((part) => part !== null);
        const chosen = this.#fields.columns?.filter((box) => box.checked).map((box) => box.value) ?? [];
        const is_plain = shape.value === 'rows' || shape.value === 'distinct';
        return {
            from: this.#table.name,
            ...(join.value && { join: { table: join.value, on: this.#fields.on.values, kind: this.#fields.kind.value } }),
            ...(conditions.length > 0 && { where: conditions.map((part) => `(${part})`).join(' AND ') }),
            ...(source.value === 'follow' && { select: this.#filters.select }),
            ...(is_plain && chosen.length < this.#columns.length && { columns: chosen }),
            ...(shape.value === 'distinct' && { distinct: true }),
            ...(!is_plain && { group_by: this.#fields.keys.values }),
            ...(shape.value === 'grouped' && { measures: this.#measures() }),
            ...(shape.value === 'pivot' && { pivot: { column: this.#fields.pivot.value, measure: this.#fields.measure.value() } }),
            ...(sort.value && { sort: [{ column: sort.value, ...(order.value === 'desc' && { desc: true }) }] }),
            ...(limit.value && { limit: Number(limit.value) }),
            ...(snapshot.value && { snapshot: true }),
        };
    }

    async #make() {
        const name = this.#fields.name.value;
        const { submit } = this.#dialog;
        const verb = submit.textContent;
        const off = this.#session.on('making', ({ table, progress }) => {
            submit.textContent = table === name ? `${verb}: ${Math.round(progress * 100)} %` : submit.textContent;
        });
        try {
            await this.#session.createTable(name, this.#definition());
        } finally {
            off();
            submit.textContent = verb;
        }
        this.#opened(name);
    }
}
