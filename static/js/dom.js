/**
 * The only place that makes elements. Text always goes in as text nodes: the page is served with
 * `require-trusted-types-for 'script'` and holds column names and cells that anyone may have written.
 */

/**
 * @param {string} tag
 * @param {Record<string, any>} [props] `class`, `text`, `on: {event: listener}`, `aria: {}`, `data: {}`; true/false set or leave out an attribute
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function h(tag, props = {}, ...children) {
    const element = /** @type {any} */ (document.createElement(tag));
    for (const [key, value] of Object.entries(props)) {
        if (value === null || value === undefined || value === false) {
            continue;
        }
        if (key === 'on') {
            Object.entries(value).forEach(([event, listener]) => element.addEventListener(event, listener));
        } else if (key === 'aria') {
            setAria(element, value);
        } else if (key === 'data') {
            Object.assign(element.dataset, value);
        } else if (key === 'text') {
            element.textContent = value;
        } else if (key === 'value') {
            element.value = value;
        } else {
            element.setAttribute(key, value === true ? '' : String(value));
        }
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

/**
 * @param {Element} element
 * @param {Record<string, any>} values null takes the attribute away
 */
export function setAria(element, values) {
    for (const [key, value] of Object.entries(values)) {
        if (value === null || value === undefined) {
            element.removeAttribute(`aria-${key}`);
        } else {
            element.setAttribute(`aria-${key}`, String(value));
        }
    }
}

/** @param {string} id */
export function byId(id) {
    return /** @type {any} */ (document.getElementById(id));
}

/** Replaces the children, only where something changed. */
export function fill(element, ...children) {
    element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

/** Sets text only when it differs, so that live regions speak once. */
export function say(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

let announcer = null;
let announce_timer = null;

/** Tells a screen reader the end of something, once it has settled. */
export function announce(text) {
    announcer ??= document.body.appendChild(h('div', { class: 'offscreen', role: 'status', aria: { live: 'polite' } }));
    clearTimeout(announce_timer);
    announce_timer = setTimeout(() => say(announcer, text), 300);
}

const ICONS = {
    left: 'M10 3 5 8l5 5',
    right: 'm6 3 5 5-5 5',
    close: 'm4 4 8 8m0-8-8 8',
    gear: 'M3 5h7m3 0h0M3 11h2m4 0h4M11.5 3.5v3M7 9.5v3',
    table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6',
    image: 'M2.5 3.5h11v9h-11zm0 7 3.5-3.5 3 3 2-2 2.5 2.5',
    save: 'M8 2.5v7.5m-3-3 3 3 3-3M3 13h10',
    plus: 'M8 3v10M3 8h10',
    pause: 'M6 3.5v9M10 3.5v9',
    play: 'm5 3.5 7 4.5-7 4.5z',
    retry: 'M12.5 8a4.5 4.5 0 1 1-1.3-3.2M12.5 2.5v3h-3',
    theme: 'M8 2.5a5.5 5.5 0 1 0 5.5 5.5A4.2 4.2 0 0 1 8 2.5z',
    upload: 'M8 10V2.5m-3 3 3-3 3 3M3 13h10',
    undo: 'M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6M3 6.5l3-3m-3 3 3 3',
    redo: 'M13 6.5H6.5a3.5 3.5 0 0 0 0 7H10m3-7-3-3m3 3-3 3',
    more: 'M8 3v.6M8 7.7v.6M8 12.4v.6',
    trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9',
    calendar: 'M2.5 4h11v9.5h-11zM2.5 7h11M5.5 2.5v3M10.5 2.5v3',
    edit: 'm3 13 .6-2.8 7.6-7.6 2.2 2.2-7.6 7.6z',
};

const SVG = 'http://www.w3.org/2000/svg';

/** @param {keyof typeof ICONS} name */
export function icon(name) {
    const svg = document.createElementNS(SVG, 'svg');
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', ICONS[name]);
    svg.setAttribute('viewBox', '0 0 16 16');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    svg.append(path);
    return svg;
}

/** A button that shows an icon and says `label`. */
export function iconButton(name, label, click, props = {}) {
    return h('button', { type: 'button', class: 'icon-button', title: label, aria: { label }, on: { click }, ...props }, icon(name));
}
