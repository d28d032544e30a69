import { h } from '../dom.js';
import { ExpressionField } from './expression-field.js';
import { FormDialog, choice, field } from './form-dialog.js';
import { Preview } from './preview.js';

const SHOWN = 8;
export const TYPES = ['bool', 'int', 'float', 'string', 'date', 'timestamp'];

/** "Add column" (and "Change formula"): what it would hold is shown while its expression is typed. */
export class AddColumn {
    #table;
    #columns;
    #changes;
    #dialog;
    #name;
    #type;
    #kind;
    #expression;
    #preview = new Preview('First values');

    /**
     * @param {import('../../client/table.js').Table} table
     * @param {any[]} columns of table.describe
     * @param {import('./changes.js').Changes} changes
     */
    constructor(table, columns, changes) {
        this.#table = table;
        this.#columns = columns;
        this.#changes = changes;
    }

    /** @param {any} [formula] the column whose formula is changed */
    open(formula = null) {
        const names = this.#columns.map(({ name }) => name).filter((name) => name !== formula?.name);
        const kinds = [['formula', 'a formula: follows its columns'], ['values', 'values: as they are now'], ['empty', 'empty: all null']];
        this.#dialog = new FormDialog(formula ? `The formula of ${formula.name}` : 'Add a column', formula ? 'Change' : 'Add', { is_wide: true, closed: () => this.#expression.stop() });
        this.#name = h('input', { name: 'name', required: true, autocomplete: 'off', value: formula?.name ?? '' });
        this.#type = choice('type', [['', 'as the expression gives'], ...TYPES.map((type) => /** @type {[string, string]} */ ([type, type]))], '');
        this.#kind = choice('kind', kinds, 'formula');
        this.#expression = new ExpressionField('Expression', names, (expr, signal) => this.#ask(expr, signal), { text: formula?.formula ?? '', hint: 'such as price * quantity' });
        this.#expression.on('answer', ({ result }) => this.#answered(result));
        this.#name.addEventListener('input', () => this.#ready());
        this.#type.addEventListener('change', () => this.#expression.check());
        this.#kind.addEventListener('change', () => this.#ready());
        const fields = formula ? [] : [field('Name', this.#name), field('Holds', this.#kind)];
        const type = field('Type', this.#type);
        this.#dialog.open([...fields, this.#expression.element, formula ? null : type, this.#preview.element], () => (formula ? this.#change(formula) : this.#add()));
        this.#preview.say('The first values appear here while you type.');
        (formula ? this.#expression : this.#name).focus();
        if (formula) {
            this.#expression.check();
        }
        this.#ready();
    }

    #ask(expr, signal) {
        return this.#table.preview({ expr, limit: SHOWN, ...(this.#type.value && { type: this.#type.value }) }, { signal });
    }

    #answered(result) {
        if (result) {
            const misfits = Number(result.misfits ?? 0);
            const about = misfits > 0 ? `${misfits} of the first values do not fit:` : 'The first values:';
            this.#preview.show(about, [{ name: this.#name.value || 'column', type: result.type }], result.values.map((value) => [value]));
        }
        this.#ready();
    }

    /** What is missing is said where it is missing; an occupied name before anything is sent. */
    #ready() {
        const is_empty = this.#kind.value === 'empty';
        const name = this.#name.value;
        const is_taken = this.#name.isConnected && this.#columns.some((column) => column.name === name);
        this.#expression.element.hidden = is_empty;
        this.#preview.element.hidden = is_empty;
        this.#dialog.say(is_taken ? `There is a column ${name} already.` : '');
        const is_good = is_empty ? this.#type.value !== '' : this.#expression.is_good;
        this.#dialog.submit.disabled = name === '' || is_taken || !is_good;
    }

    async #add() {
        const name = this.#name.value;
        const type = this.#type.value;
        const expr = this.#expression.value;
        const what = `Added the column ${name}.`;
        const expression = this.#kind.value === 'empty' ? {} : { expr, ...(this.#kind.value === 'values' && { frozen: true }) };
        await this.#changes.run(what, (table) => table.addColumn({ name, ...(type && { type }), ...expression }));
    }

    async #change({ name }) {
        await this.#changes.run(`Changed the formula of ${name}.`, (table) => table.setFormula({ column: name, expr: this.#expression.value }));
    }
}
