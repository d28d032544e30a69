import { Card } from './card.js';
import { ChartForm } from './chart-form.js';
import { brushedColumns } from './charts/specs.js';
import { announce, h, icon } from './dom.js';
import { Figures } from './figures.js';
import { chartFor, fitChart, planDashboard } from './plan.js';

/**
 * The charts of one table: made from its column types the first time, as the user arranged them
 * after that (kept for the browser tab, like the session itself).
 */
export class Dashboard {
    /** @type {ChartForm | null} one dialog for all tables */
    static #form = null;
    #context;
    #columns;
    #planned;
    #cards = [];
    #grid;
    #figures;
    #is_arranged = false;
    #is_loading;
    #next_id = 1;

    /**
     * @param {object} context
     * @param {any} context.session
     * @param {string} context.table
     * @param {import('./filters.js').Filters} context.filters
     * @param {import('./theme.js').Theme} context.theme
     * @param {(rows: any) => void} context.rows_changed
     * @param {(error: any) => void} context.failed
     * @param {any} about table.describe
     */
    constructor(context, about) {
        const { columns } = about;
        this.#context = context;
        this.#is_loading = about.status === 'loading';
        this.#columns = columns;
        this.#planned = plan(about);
        Dashboard.#form ??= new ChartForm();
        this.#grid = h('div', { class: 'cards' });
        this.#figures = new Figures(context.session, context.table, context.filters, columns, context.rows_changed, context.failed);
        const add = h('button', { type: 'button', class: 'add-chart', on: { click: () => this.#add() } }, icon('plus'), 'Add a chart');
        this.element = h('section', { class: 'dashboard', aria: { label: 'Charts' } }, this.#figures.element, this.#grid, add);
        this.#start();
    }

    /**
     * The description changed. While a table arrives its charts are planned anew; after that they stay,
     * and go by the columns' new names and types.
     * @param {any} about table.describe
     * @param {Map<string, string>} [renamed] old name: new name
     */
    describe(about, renamed = new Map()) {
        const { columns } = about;
        const before = new Map(this.#columns.map((column) => [column.name, column.type]));
        const planned = plan(about);
        const is_other = JSON.stringify(planned) !== JSON.stringify(this.#planned);
        this.#planned = planned;
        this.#columns = columns;
        this.#figures.describe(columns);
        if (is_other && !this.#is_arranged && this.#is_loading) {
            this.#replan();
        } else {
            this.#follow(before, renamed);
        }
        this.#is_loading = about.status === 'loading';
    }

    #follow(before, renamed) {
        const types = new Map(this.#columns.map((column) => [column.name, column.type]));
        let is_other = false;
        for (const card of this.#cards) {
            const def = renameIn(card.def, renamed);
            const is_retyped = columnsOf(def).some((name) => types.get(name) !== before.get(name) && before.has(name) && types.has(name));
            const next = is_retyped ? fitChart(def, this.#columns) : def;
            const gone = columnsOf(next).filter((name) => !types.has(name));
            is_other ||= next !== card.def;
            if (gone.length > 0) {
                card.lose(gone);
            } else if (next !== card.def || is_retyped || card.isLost) {
                this.#use(brushedColumns(next)).then(() => this.#cards.includes(card) && card.configure(next));
            } else {
                card.refresh();
            }
        }
        if (is_other) {
            this.#keep();
        }
    }

    async addFor(column) {
        await this.#place(chartFor(column));
        this.#save();
        this.#cards[this.#cards.length - 1].element.scrollIntoView({ block: 'nearest' });
    }

    destroy() {
        this.#cards.forEach((card) => card.destroy());
        this.#figures.destroy();
        this.element.remove();
    }

    #start() {
        const kept = JSON.parse(sessionStorage.getItem(this.#key()) ?? 'null');
        if (kept) {
            this.#is_arranged = kept.is_arranged;
            this.#next_id = kept.next_id;
        }
        this.#fill(kept?.charts ?? this.#plan());
    }

    #plan() {
        return this.#planned.map((def) => ({ ...def, id: this.#newId() }));
    }

    #replan() {
        this.#cards.forEach((card) => card.destroy());
        this.#cards = [];
        this.#fill(this.#plan());
    }

    async #fill(defs) {
        const known = new Set(this.#columns.map((column) => column.name));
        const drawable = defs.filter((def) => columnsOf(def).every((name) => known.has(name)));
        await this.#use(drawable.flatMap(brushedColumns));
        drawable.forEach((def) => this.#append(def));
        this.#keep();
    }

    /** A selection that the server refuses is told by the charts that name it. */
    async #use(columns) {
        await this.#context.filters.use(columns).catch((error) => announce(error.message));
    }

    #append(def) {
        const actions = {
            move: (card, by) => this.#move(card, by),
            remove: (card) => this.#remove(card),
            configure: (card) => this.#configure(card),
        };
        const card = new Card({ ...this.#context, actions }, def);
        this.#cards.push(card);
        this.#grid.append(card.element);
        return card;
    }

    async #place(def) {
        await this.#use(brushedColumns(def));
        return this.#append({ ...def, id: this.#newId() });
    }

    async #add() {
        const first = this.#columns[0];
        const def = await Dashboard.#form.ask(this.#columns, first ? chartFor(first) : { type: 'histogram' });
        if (def) {
            const card = await this.#place(def);
            this.#save();
            announce(`${card.title} added.`);
        }
    }

    async #configure(card) {
        const def = await Dashboard.#form.ask(this.#columns, card.def);
        if (def) {
            await this.#use(brushedColumns(def));
            card.configure(def);
            this.#save();
        }
    }

    #move(card, by) {
        const from = this.#cards.indexOf(card);
        const to = from + by;
        if (to < 0 || to >= this.#cards.length) {
            return;
        }
        this.#cards.splice(from, 1);
        this.#cards.splice(to, 0, card);
        const focused = /** @type {HTMLElement | null} */ (document.activeElement);
        this.#grid.insertBefore(card.element, this.#grid.children[by > 0 ? to + 1 : to] ?? null);
        focused?.focus();
        this.#save();
        announce(`${card.title} is now chart ${to + 1} of ${this.#cards.length}.`);
    }

    #remove(card) {
        const at = this.#cards.indexOf(card);
        this.#cards.splice(at, 1);
        card.destroy();
        this.#save();
        announce(`${card.title} removed.`);
        (this.#cards[Math.min(at, this.#cards.length - 1)]?.element ?? this.element).querySelector('button')?.focus();
    }

    #newId() {
        return `c${this.#next_id++}`;
    }

    #save() {
        this.#is_arranged = true;
        this.#keep();
    }

    #keep() {
        const layout = { is_arranged: this.#is_arranged, next_id: this.#next_id, charts: this.#cards.map((card) => card.def) };
        sessionStorage.setItem(this.#key(), JSON.stringify(layout));
    }

    #key() {
        return `spillway.layout.${this.#context.session.name}.${this.#context.table}`;
    }
}

/** The columns that a chart is made of. */
function columnsOf(def) {
    return [def.x, def.y, def.color, def.facet, def.measure?.column].filter((name) => name !== undefined && name !== null);
}

/** The same chart of columns that are called something else; the very same where nothing is. */
function renameIn(def, renamed) {
    if (!columnsOf(def).some((name) => renamed.has(name))) {
        return def;
    }
    const next = { ...def };
    for (const place of ['x', 'y', 'color', 'facet']) {
        next[place] = renamed.get(def[place]) ?? def[place];
    }
    if (def.measure?.column) {
        next.measure = { ...def.measure, column: renamed.get(def.measure.column) ?? def.measure.column };
    }
    return JSON.parse(JSON.stringify(next)); // places that are not used stay away
}

function plan({ columns, rows }) {
    return planDashboard(columns, Number(rows));
}
