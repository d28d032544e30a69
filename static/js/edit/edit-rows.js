import { h } from '../dom.js';
import { counted, formatCount } from '../format.js';
import { ExpressionField } from './expression-field.js';
import { FormDialog, choice, field } from './form-dialog.js';
import { Preview } from './preview.js';
import { EXAMPLES, readCell } from './values.js';

const SHOWN = 8;
const MODES = [['value', 'to one value'], ['expr', 'to an expression of each row'], ['delete', 'delete the rows']];

/**
 * "Edit filtered rows": a column of all rows that pass the filters, set to a value or an expression; or
 * these rows deleted. Says how many rows are meant before anything is done, and does it to these or not at all.
 */
export class EditRows {
    #table;
    #filters;
    #changes;
    #dialog;
    #column;
    #mode;
    #value;
    #expression;
    #preview = new Preview('What would change');
    #count = h('p', { class: 'hint', aria: { live: 'polite' } });
    #parts = h('div', { class: 'form-fields' });
    #meant = null;

    /**
     * @param {import('../../client/table.js').Table} table
     * @param {import('../filters.js').Filters} filters
     * @param {import('./changes.js').Changes} changes
     */
    constructor(table, filters, changes) {
        this.#table = table;
        this.#filters = filters;
        this.#changes = changes;
    }

    /** @param {string | null} column to begin with */
    open(column = null) {
        const columns = this.#filters.columns.filter(({ formula }) => !formula);
        this.#dialog = new FormDialog('Edit filtered rows', 'Change', { is_wide: true, closed: () => this.#expression?.stop() });
        this.#column = choice('column', columns.map(({ name, type }) => [name, `${name} (${type})`]), column);
        this.#mode = choice('mode', MODES, 'value');
        this.#column.addEventListener('change', () => this.#draw());
        this.#mode.addEventListener('change', () => this.#draw());
        this.#dialog.open([this.#count, field('Set', this.#mode), field('Column', this.#column), this.#parts, this.#preview.element], () => this.#apply());
        this.#draw();
        this.#countRows();
    }

    /** The version whose rows were counted is the one that is changed. */
    async #countRows() {
        this.#dialog.submit.disabled = true;
        const where = this.#filters.where();
        const filters = this.#filters.active.map(({ label }) => label);
        try {
            const { rows, version } = await this.#table.page({ limit: 0, ...(where && { where }) });
            this.#meant = { rows: Number(rows), version: Number(version), where };
            const which = where ? `pass the filters (${filters.join('; ')})` : 'are in the table; no filter is on, so all of them are meant';
            this.#count.textContent = `${counted(Number(rows), 'row')} ${which}.`;
            this.#ready();
        } catch (error) {
            this.#dialog.say(error.message);
        }
    }

    get #type() {
        return this.#filters.column(this.#column.value).type;
    }

    #draw() {
        const mode = this.#mode.value;
        this.#column.parentElement.hidden = mode === 'delete';
        this.#preview.element.hidden = mode !== 'expr';
        this.#expression?.stop();
        this.#expression = null;
        this.#parts.replaceChildren();
        this.#dialog.say('');
        if (mode === 'value') {
            this.#value = this.#valueField();
            this.#parts.append(field('New value', this.#value));
        } else if (mode === 'expr') {
            this.#expression = this.#expressionField();
            this.#parts.append(this.#expression.element);
            this.#preview.say('The first rows, before and after, appear here while you type.');
        }
        this.#ready();
    }

    #valueField() {
        if (this.#type === 'bool') {
            return choice('value', [['', 'null'], ['true', 'true'], ['false', 'false']], '');
        }
        const hint = this.#type === 'string' ? 'nothing: null; "" for empty text' : `such as ${EXAMPLES[this.#type]}; nothing: null`;
        const input = h('input', { name: 'value', placeholder: hint, autocomplete: 'off' });
        input.addEventListener('input', () => this.#dialog.say(''));
        return input;
    }

    #expressionField() {
        const names = this.#filters.columns.map(({ name }) => name);
        const found = new ExpressionField('Expression', names, (expr, signal) => this.#ask(expr, signal), { hint: 'such as price * 1.1' });
        found.on('answer', ({ result }) => {
            if (result) {
                this.#show(result);
            }
            this.#ready();
        });
        return found;
    }

    async #ask(expr, signal) {
        const where = this.#filters.where();
        const about = { ...(where && { where }), limit: SHOWN };
        const name = this.#column.value;
        const [now, next] = await Promise.all([
            this.#table.page({ ...about, columns: [name] }, { signal }),
            this.#table.preview({ ...about, expr, type: this.#type }, { signal }),
        ]);
        return { now: now.data[0], next: next.values, misfits: Number(next.misfits ?? 0) };
    }

    #show({ now, next, misfits }) {
        const name = this.#column.value;
        const about = misfits > 0 ? `${counted(misfits, 'value')} would not fit ${this.#type}.` : `The first ${counted(next.length, 'row')}:`;
        this.#preview.show(about, [{ name: `${name} now`, type: this.#type }, { name: 'then', type: this.#type }], next.map((value, i) => [now[i], value]));
    }

    #ready() {
        const mode = this.#mode.value;
        const rows = this.#meant?.rows ?? 0;
        this.#dialog.submit.disabled = rows === 0 || (mode === 'expr' && !this.#expression.is_good);
        this.#dialog.submit.textContent = this.#meant === null ? 'Change' : `${mode === 'delete' ? 'Delete' : 'Change'} ${counted(rows, 'row')}`;
        this.#dialog.submit.classList.toggle('danger', mode === 'delete');
    }

    #apply() {
        const { where, version } = this.#meant;
        const meant = { where: where ?? 'TRUE', if_version: version };
        const done = this.#mode.value === 'delete' ? this.#delete(meant) : this.#update(meant);
        return done.catch((error) => {
            this.#countRows(); // someone else may have changed the table: count again
            throw error;
        });
    }

    #delete(meant) {
        return this.#changes.run(({ deleted }) => `Deleted ${counted(Number(deleted), 'row')}.`, (table) => table.deleteRows(meant));
    }

    async #update(meant) {
        const name = this.#column.value;
        const read = this.#mode.value === 'value' ? readCell(this.#value.value, this.#type) : { value: { expr: this.#expression.value } };
        if (read.problem) {
            throw new Error(read.problem);
        }
        const words = ({ changed }) => `Changed ${name} in ${formatCount(Number(changed))} rows.`;
        await this.#changes.run(words, (table) => table.update({ ...meant, set: { [name]: read.value } }));
    }
}
