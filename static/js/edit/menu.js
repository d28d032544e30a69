import { h } from '../dom.js';

/** A menu of a few words under whatever opened it; by arrow keys as by mouse. */
export class Menu {
    #element;
    #opener;
    #offs = [];

    /**
     * @param {string} label
     * @param {([string, () => void] | null)[]} items null is a line between two groups
     * @param {any} opener gets the focus back
     */
    constructor(label, items, opener) {
        this.#opener = opener;
        const parts = items.map((item) => (item ? this.#item(...item) : h('hr', { role: 'separator' })));
        this.#element = h('div', { class: 'menu', role: 'menu', aria: { label }, on: { keydown: (event) => this.#key(event) } }, ...parts);
        (document.querySelector('main') ?? document.body).append(this.#element);
        this.#place(opener.getBoundingClientRect());
        this.#listen(document, 'pointerdown', ({ target }) => this.#element.contains(target) || this.#close(false));
        this.#listen(this.#element, 'focusout', ({ relatedTarget }) => this.#element.contains(relatedTarget) || this.#close(false));
        this.#listen(window, 'resize', () => this.#close(false));
        this.#items[0].focus();
    }

    get #items() {
        return /** @type {any[]} */ ([...this.#element.querySelectorAll('[role=menuitem]')]);
    }

    #item(text, act) {
        const pick = () => {
            this.#close(true);
            act();
        };
        return h('button', { type: 'button', role: 'menuitem', tabindex: -1, text, on: { click: pick } });
    }

    #place({ left, bottom, top }) {
        const { offsetWidth, offsetHeight, style } = this.#element;
        const fits_below = bottom + offsetHeight < window.innerHeight;
        style.left = `${Math.max(4, Math.min(left, window.innerWidth - offsetWidth - 4))}px`;
        style.top = `${fits_below ? bottom : Math.max(4, top - offsetHeight)}px`;
    }

    #key(event) {
        const items = this.#items;
        const now = items.indexOf(document.activeElement);
        const to = { ArrowDown: now + 1, ArrowUp: now - 1 + items.length, Home: 0, End: items.length - 1 }[event.key];
        if (to !== undefined) {
            items[to % items.length].focus();
        } else if (event.key === 'Escape' || event.key === 'Tab') {
            this.#close(true);
        } else {
            return;
        }
        event.preventDefault();
        event.stopPropagation();
    }

    #listen(target, event, listener) {
        target.addEventListener(event, listener);
        this.#offs.push(() => target.removeEventListener(event, listener));
    }

    #close(gives_back) {
        this.#offs.splice(0).forEach((off) => off());
        this.#element.remove();
        if (gives_back) {
            (this.#opener.tabIndex >= 0 ? this.#opener : this.#opener.closest('[tabindex="0"]') ?? this.#opener).focus();
        }
    }
}
