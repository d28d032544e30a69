import { fill, h, say } from '../dom.js';

let count = 0;

/** A dialog with fields, a verb and a way out. When the act fails it stays, and says why. */
export class FormDialog {
    #dialog;
    #problem;
    #act = null;
    #closed;

    /**
     * @param {string} title
     * @param {string} verb
     * @param {{is_wide?: boolean, closed?: () => void}} [options]
     */
    constructor(title, verb, { is_wide = false, closed = () => {} } = {}) {
        const id = `dialog-${++count}`;
        this.#closed = closed;
        this.body = h('div', { class: 'form-fields' });
        this.#problem = h('p', { class: 'problem', role: 'alert', hidden: true });
        this.submit = h('button', { type: 'submit', class: 'primary', text: verb });
        const cancel = h('button', { type: 'button', text: 'Cancel', on: { click: () => this.close() } });
        const form = h(
            'form',
            { novalidate: true, on: { submit: (event) => this.#submit(event) } },
            h('h2', { id, text: title }),
            this.body,
            this.#problem,
            h('div', { class: 'form-buttons' }, cancel, this.submit),
        );
        this.#dialog = h('dialog', { class: is_wide ? 'dialog is-wide' : 'dialog', aria: { labelledby: id }, on: { close: () => this.#gone() } }, form);
        document.body.append(this.#dialog);
    }

    /**
     * @param {any[]} fields
     * @param {() => Promise<any>} act what the verb does; the dialog closes when it is done
     */
    open(fields, act) {
        fill(this.body, ...fields);
        this.#act = act;
        this.#dialog.showModal();
    }

    close() {
        this.#dialog.close();
    }

    say(text) {
        this.#problem.hidden = text === '';
        say(this.#problem, text);
    }

    async #submit(event) {
        event.preventDefault();
        if (this.submit.disabled) {
            return;
        }
        this.submit.disabled = true;
        try {
            this.say('');
            await this.#act();
            this.close();
        } catch (error) {
            this.say(error.message);
            this.submit.disabled = false;
        }
    }

    #gone() {
        this.#dialog.remove();
        this.#closed();
    }
}

/** A field with its label. @param {string} text @param {any} element */
export function field(text, element, { is_tall = false } = {}) {
    return h('label', { class: is_tall ? 'field is-tall' : 'field' }, h('span', { text }), element);
}

/** @param {[string, string][]} options value and word */
export function choice(name, options, now) {
    const select = h('select', { name }, ...options.map(([value, text]) => h('option', { value, text })));
    select.value = now ?? options[0]?.[0];
    return select;
}
