import { CODE } from '../client/errors.js';
import { brushedColumns } from './charts/specs.js';
import { Chips } from './chips.js';
import { Dashboard } from './dashboard.js';
import { announce, fill, h } from './dom.js';
import { Filters } from './filters.js';
import { formatCount } from './format.js';
import { planDashboard } from './plan.js';
import { renamedColumns } from './renamed.js';
import { RowsPanel } from './rows-panel.js';

const DESCRIBE_MS = 500;
const TABLE_KEY = 'spillway.table';

/**
 * The explorer: at most one table is open, with its filters, charts and rows. What happens to
 * tables on the server (an upload that arrives, a change) finds its way to the parts from here.
 */
export class App {
    #session;
    #theme;
    #start;
    #uploads_view;
    #picker;
    #main;
    #table = null;
    /** @type {any[]} as last listed */
    #tables = [];
    /** @type {{filters: any, chips: any, dashboard: any, rows: any} | null} */
    #parts = null;
    #describe_timer = null;
    #described_at = -Infinity;
    /** @type {any} table.describe of the table that is open */
    #about = null;

    /**
     * @param {object} parts
     * @param {any} parts.session
     * @param {import('./theme.js').Theme} parts.theme
     * @param {import('./start.js').Start} parts.start
     * @param {import('./uploads-view.js').UploadsView} parts.uploads_view
     * @param {HTMLSelectElement} parts.picker
     * @param {HTMLElement} parts.main
     */
    constructor({ session, theme, start, uploads_view, picker, main }) {
        this.#session = session;
        this.#theme = theme;
        this.#start = start;
        this.#uploads_view = uploads_view;
        this.#picker = picker;
        this.#main = main;
        start.element.hidden = true; // until the session tells whether there is a table to go back to
        picker.addEventListener('change', () => this.open(picker.value));
        session.on('opened', (info) => this.#opened(info));
        session.on('table', (change) => this.#tableChanged(change));
        session.on('upload', (upload) => this.#uploadMoved(upload));
    }

    /** @param {File[]} files */
    async upload(files) {
        if (['expired', 'closed'].includes(this.#session.state)) {
            return; // no session: the banner says why
        }
        if (this.#session.info === null) {
            await this.#session.once('opened'); // chosen while the page is still connecting
        }
        for (const file of files) {
            const [previous] = await this.#session.previousUploads(file);
            this.#session.upload(file, { previous }).opens_table = true;
        }
    }

    /**
     * @param {string} table '' closes the one that is open
     * @returns {Promise<boolean>} whether it is open now
     */
    async open(table) {
        if (table === this.#table) {
            return true;
        }
        this.#close();
        this.#table = table || null;
        sessionStorage.setItem(TABLE_KEY, table);
        this.#start.element.hidden = Boolean(table);
        if (table) {
            await this.#build(table);
        }
        this.#listTables().catch(() => {}); // a lost line tells of itself
        return this.#table === table;
    }

    async #build(table) {
        try {
            const about = await this.#session.table(table).describe();
            const filters = new Filters(this.#session, table, about.columns);
            filters.adopt(this.#session.inputs.all());
            // Everything below names the selection, so it has to be there first.
            await filters.use(planDashboard(about.columns, Number(about.rows)).flatMap(brushedColumns));
            if (this.#table !== table || this.#parts) {
                return; // another one was opened meanwhile
            }
            const rows = new RowsPanel(this.#session, table, filters, (column) => this.#parts.dashboard.addFor(column), {
                tables: () => this.#tables,
                open: (name) => this.open(name),
            });
            const context = {
                session: this.#session,
                table,
                filters,
                theme: this.#theme,
                rows_changed: (change) => rows.rowsChanged(change),
                failed: (error) => this.#failed(table, error),
            };
            this.#about = about;
            const dashboard = new Dashboard(context, about);
            const chips = new Chips(filters, this.#session);
            this.#parts = { filters, chips, dashboard, rows };
            fill(this.#main, chips.element, dashboard.element, rows.element);
            rows.describe(about);
            document.title = `${table} · Spillway`;
        } catch (error) {
            if (this.#table !== table) {
                return; // left meanwhile, perhaps because it is gone
            }
            this.#table = null;
            this.#start.element.hidden = false;
            fill(this.#main, h('p', { class: 'problem', role: 'alert', text: error.message }));
        }
    }

    #close() {
        clearTimeout(this.#describe_timer);
        this.#describe_timer = null;
        if (this.#parts) {
            this.#parts.chips.destroy();
            this.#parts.dashboard.destroy();
            this.#parts.rows.destroy();
            this.#parts = null;
        }
        this.#main.replaceChildren();
        document.title = 'Spillway';
    }

    /** Opened or resumed: the tables are known, the one that was looked at comes back. */
    #opened(info) {
        this.#showTables(info.tables ?? []);
        if (this.#table === null) {
            const last = sessionStorage.getItem(TABLE_KEY);
            const is_there = Boolean(last) && info.tables.some(({ table }) => table === last);
            this.#start.element.hidden = is_there;
            if (is_there) {
                this.open(last);
            }
            this.#uploads_view.findUnfinished();
        }
    }

    async #listTables() {
        this.#showTables(await this.#session.tables());
    }

    #showTables(tables) {
        this.#tables = tables;
        const options = tables.map(({ table, rows, derived }) => h('option', { value: table, text: `${table} (${derived ? 'derived, ' : ''}${formatCount(Number(rows))} rows)` }));
        fill(this.#picker, h('option', { value: '', text: tables.length > 0 ? 'Choose a table' : 'No table yet' }), ...options);
        this.#picker.value = this.#table ?? '';
        this.#start.offer(tables);
    }

    #tableChanged({ table }) {
        if (table !== this.#table) {
            this.#listTables().catch(() => {});
        } else {
            this.#parts?.rows.tableChanged();
            const wait_ms = Math.max(0, this.#described_at + DESCRIBE_MS - performance.now());
            this.#describe_timer ??= setTimeout(() => this.#describeAgain(), wait_ms);
        }
    }

    async #describeAgain() {
        this.#describe_timer = null;
        this.#described_at = performance.now();
        const table = this.#table;
        try {
            const about = await this.#session.table(table).describe();
            if (this.#parts && this.#table === table) {
                const renamed = renamedColumns(this.#about.columns, about.columns);
                this.#about = about;
                this.#parts.filters.describe(about.columns, renamed);
                this.#parts.rows.describe(about);
                this.#parts.dashboard.describe(about, renamed);
            }
            await this.#listTables();
        } catch (error) {
            this.#failed(table, error);
        }
    }

    /** A table that another window dropped says so through its outputs. */
    async #failed(table, error) {
        if (this.#table !== table || this.#table === null) {
            return;
        }
        if (error.code !== CODE.noSuchTable) {
            announce(error.message);
            return;
        }
        await this.open('');
        fill(this.#main, h('p', { class: 'problem', role: 'alert', text: `The table “${table}” is gone: it was dropped, perhaps in another window. Choose another one, or add a file.` }));
    }

    /** The first rows of an upload open its table; its end describes it once more, or takes it away. */
    #uploadMoved(upload) {
        if (isLost(upload)) {
            this.#leave(upload);
            return;
        }
        if (upload.opens_table && upload.table && (upload.rows > 0 || upload.state === 'done')) {
            upload.opens_table = false;
            this.#openArriving(upload);
        }
        if (upload.state === 'done' && upload.table === this.#table && !upload.was_described) {
            upload.was_described = true;
            this.#describeAgain();
        }
    }

    async #openArriving(upload) {
        upload.came_from = this.#table;
        const is_open = await this.open(upload.table);
        if (!is_open && upload.state === 'done') {
            await this.open(upload.table);
        }
        upload.opens_table = !is_open && upload.state !== 'done' && !isLost(upload);
    }

    /** The rows of an upload that was cancelled or failed are gone: back to what was open before. */
    async #leave(upload) {
        upload.opens_table = false;
        const rest = this.#tables.filter(({ table }) => table !== upload.table);
        if (upload.state === 'cancelled' || !(await this.#isThere(upload.table))) {
            this.#showTables(rest);
            if (upload.table !== null && upload.table === this.#table) {
                await this.open(rest.some(({ table }) => table === upload.came_from) ? upload.came_from : '');
            }
        }
        await upload.gone;
        this.#listTables().catch(() => {}); // a lost line tells of itself
    }

    /** A failed upload may still be with the server: then the same file goes on where it stopped. */
    async #isThere(name) {
        const tables = await this.#session.tables().catch(() => this.#tables);
        return tables.some(({ table }) => table === name);
    }
}

function isLost({ state }) {
    return state === 'cancelled' || state === 'failed';
}
