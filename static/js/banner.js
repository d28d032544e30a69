import { fill, h, say } from './dom.js';

const RESTORED_STAYS_MS = 4000;
const CONNECTING_SHOWS_MS = 1500;
/** All that a token unknown to the server can mean. */
const ENDED_WORDS = 'it was idle too long, was closed, or the server was restarted';

/** One line across the page that tells how the connection is, when it is not simply there. */
export class Banner {
    #session;
    #text;
    #timer = null;
    #count = null;
    #start_again;

    /**
     * @param {any} session
     * @param {() => void} start_again
     */
    constructor(session, start_again) {
        this.#session = session;
        this.#text = h('span', {});
        this.element = h('div', { class: 'banner', role: 'status', hidden: true });
        this.#start_again = start_again;
        session.on('connection', (change) => this.#show(change));
        session.on('notice', ({ text }) => this.note(text));
        addEventListener('online', () => session.retryNow());
        document.addEventListener('visibilitychange', () => document.hidden || session.retryNow());
    }

    /** Stays until the reader says so. */
    note(text) {
        this.#draw(text, 'note', ['Understood', () => this.#hide()]);
    }

    #show(change) {
        clearTimeout(this.#timer);
        clearInterval(this.#count);
        document.documentElement.dataset.connection = change.state;
        switch (change.state) {
            case 'connecting':
                this.#timer = setTimeout(() => this.#draw('Connecting …', 'waiting'), CONNECTING_SHOWS_MS);
                break;
            case 'reconnecting':
                this.#countDown(change.delay_ms);
                break;
            case 'restored':
                this.#draw('Connected again; everything is as it was.', 'good');
                this.#timer = setTimeout(() => this.#hide(), RESTORED_STAYS_MS);
                break;
            case 'expired':
                this.#expired(change);
                break;
            case 'closed':
                this.#draw(closedWords(change), 'bad', ['Connect again', () => location.reload()]);
                break;
            default:
                if (this.element.dataset.mood !== 'note') {
                    this.#hide();
                }
        }
    }

    /** @param {number} delay_ms */
    #countDown(delay_ms) {
        const until = Date.now() + delay_ms;
        const tell = () => {
            const left = Math.ceil((until - Date.now()) / 1000);
            say(this.#text, left > 0 ? `The connection is lost. Trying again in ${left} s.` : 'The connection is lost. Trying again …');
        };
        this.#draw('', 'waiting', ['Try now', () => this.#session.retryNow()]);
        tell();
        this.#count = setInterval(tell, 500);
    }

    #expired({ is_reopening }) {
        if (is_reopening) {
            this.note(`Your last session has ended: ${ENDED_WORDS}. This is a new one, without its tables.`);
        } else {
            this.#draw(`This session has ended: ${ENDED_WORDS}. Its tables are gone.`, 'bad', ['Start again', this.#start_again]);
        }
    }

    #draw(text, mood, action = null) {
        say(this.#text, text);
        const button = action && h('button', { type: 'button', text: action[0], on: { click: action[1] } });
        fill(this.element, this.#text, button);
        this.element.dataset.mood = mood;
        this.element.hidden = false;
    }

    #hide() {
        this.element.hidden = true;
        delete this.element.dataset.mood;
    }
}

function closedWords({ code, reason }) {
    const words = {
        4003: 'The server does not let this page in.',
        4008: 'The server has reached a limit and cannot take this connection.',
        4409: 'This session was taken over by another window.',
    };
    return words[code] ?? `The connection is closed${reason ? `: ${reason}` : '.'}`;
}
