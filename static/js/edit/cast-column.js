import { h } from '../dom.js';
import { counted } from '../format.js';
import { TYPES } from './add-column.js';
import { FormDialog, choice, field } from './form-dialog.js';
import { Preview } from './preview.js';

const HOW = [['fail', 'nothing is changed'], ['keep', 'they become null, their text is kept'], ['null', 'they become null']];

/** "Change type", with what would not fit shown before it is done. */
export class CastColumn {
    #table;
    #column;
    #changes;
    #dialog;
    #type;
    #how;
    #preview = new Preview('What would not fit');
    #controller = null;
    #version = null;
    /** @type {number | null} */
    #misfits = null;

    /**
     * @param {import('../../client/table.js').Table} table
     * @param {any} column of table.describe
     * @param {import('./changes.js').Changes} changes
     */
    constructor(table, column, changes) {
        this.#table = table;
        this.#column = column;
        this.#changes = changes;
    }

    open() {
        const { name, type } = this.#column;
        const others = TYPES.filter((other) => other !== type).map((other) => /** @type {[string, string]} */ ([other, other]));
        this.#dialog = new FormDialog(`Change the type of ${name}`, 'Change', { is_wide: true, closed: () => this.#controller?.abort() });
        this.#type = choice('type', others, others[0][0]);
        this.#how = choice('on_error', HOW, 'fail');
        this.#type.addEventListener('change', () => this.#look());
        this.#how.addEventListener('change', () => this.#ready());
        const now = h('p', { class: 'hint' }, 'It is ', h('span', { class: `type type-${type}`, text: type }), ' now.');
        this.#dialog.open([now, field('New type', this.#type), this.#preview.element, field('Where a value does not fit,', this.#how)], () => this.#apply());
        this.#look();
    }

    async #look() {
        this.#controller?.abort();
        const controller = new AbortController();
        this.#controller = controller;
        this.#misfits = null;
        this.#ready();
        this.#preview.say('Looking at every value …');
        try {
            const found = await this.#table.castColumn({ column: this.#column.name, type: this.#type.value, preview: true }, { signal: controller.signal });
            if (!controller.signal.aborted) {
                this.#show(found);
            }
        } catch (error) {
            if (!controller.signal.aborted) {
                this.#preview.say('');
                this.#dialog.say(error.message);
            }
        }
    }

    #show({ misfits, examples, sample = [], version }) {
        const count = Number(misfits);
        const { type } = this.#column;
        this.#misfits = count;
        this.#version = version ?? null;
        this.#how.parentElement.hidden = count === 0;
        const next = this.#type.value;
        if (count === 0) {
            this.#preview.show('Every value fits.', [{ name: 'now', type }, { name: 'then', type: next }], sample);
        } else {
            const rows = examples.map(({ row_id, value }) => [String(row_id), value]);
            this.#preview.show(`${counted(count, 'value')} would not fit${rows.length < count ? ', such as' : ''}:`, [{ name: 'row id', type: 'int' }, { name: this.#column.name, type }], rows);
        }
        this.#dialog.say('');
        this.#ready();
    }

    #ready() {
        const is_stopped = this.#misfits > 0 && this.#how.value === 'fail';
        this.#dialog.submit.disabled = this.#misfits === null || is_stopped;
        this.#dialog.submit.textContent = this.#misfits > 0 && !is_stopped ? `Change, ${counted(this.#misfits, 'value')} to null` : 'Change';
    }

    async #apply() {
        const column = this.#column.name;
        const type = this.#type.value;
        const on_error = this.#misfits > 0 ? this.#how.value : 'fail';
        const words = ({ misfits }) => `${column} is ${type} now${Number(misfits) > 0 ? `; ${counted(Number(misfits), 'value')} did not fit and became null` : ''}.`;
        const seen = this.#version === null ? {} : { if_version: Number(this.#version) };
        await this.#changes.run(words, (table) => table.castColumn({ column, type, on_error, ...seen }));
    }
}
