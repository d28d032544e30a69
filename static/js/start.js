import { fill, h, icon } from './dom.js';
import { counted } from './format.js';

/** Where files come in: a drop zone, a file button, the shared data sets one click away. */
export class Start {
    #actions;
    #shared;
    #picker;
    #zone;

    /**
     * @param {object} actions
     * @param {(files: File[]) => void} actions.upload
     * @param {(table: string) => void} actions.open
     */
    constructor(actions) {
        this.#actions = actions;
        this.#picker = h('input', {
            type: 'file',
            multiple: true,
            hidden: true,
            accept: '.csv,.tsv,.txt,.gz,.zst,text/csv,text/tab-separated-values',
            on: { change: () => this.#picked() },
        });
        this.#shared = h('div', { class: 'shared' });
        this.#zone = h(
            'div',
            { class: 'drop-zone' },
            icon('upload'),
            h('h2', { text: 'Drop a CSV here' }),
            h('p', { text: 'Any size; also tab or semicolon separated, and .gz or .zst. It stays on this server, for this browser tab.' }),
            h('button', { type: 'button', class: 'primary', text: 'Choose a file', on: { click: () => this.choose() } }),
        );
        this.element = h('section', { class: 'start', aria: { label: 'Begin' } }, this.#zone, this.#shared, this.#picker);
        this.#listen();
    }

    choose() {
        this.#picker.click();
    }

    /** @param {any[]} tables */
    offer(tables) {
        fill(
            this.#shared,
            ...this.#list('Your tables', 'Open', tables.filter(({ shared }) => !shared)),
            ...this.#list('Data on this server', 'Explore', tables.filter(({ shared }) => shared)),
        );
    }

    #list(heading, verb, tables) {
        const buttons = tables.map(({ table, rows }) =>
            h(
                'button',
                { type: 'button', class: 'shared-table', data: { table }, on: { click: () => this.#actions.open(table) } },
                h('strong', { text: `${verb} “${table}”` }),
                h('span', { text: counted(Number(rows), 'row') }),
            ),
        );
        return buttons.length > 0 ? [h('h2', { class: 'shared-title', text: heading }), ...buttons] : [];
    }

    #picked() {
        const files = [...this.#picker.files];
        this.#picker.value = '';
        this.#actions.upload(files);
    }

    /** A file may be dropped anywhere on the page. */
    #listen() {
        const holdsFiles = (event) => event.dataTransfer?.types.includes('Files');
        let depth = 0;
        const mark = (is_over) => document.body.classList.toggle('is-dropping', is_over);
        addEventListener('dragenter', (event) => {
            if (holdsFiles(event)) {
                depth += 1;
                mark(true);
            }
        });
        addEventListener('dragleave', () => {
            depth = Math.max(0, depth - 1);
            mark(depth > 0);
        });
        addEventListener('dragover', (event) => holdsFiles(event) && event.preventDefault());
        addEventListener('drop', (event) => {
            depth = 0;
            mark(false);
            if (holdsFiles(event)) {
                event.preventDefault();
                this.#actions.upload([...event.dataTransfer.files]);
            }
        });
    }
}
