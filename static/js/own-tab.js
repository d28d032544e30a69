/**
 * A browser that duplicates a tab copies its sessionStorage, and with it the token of the session.
 * Two pages with the same filters in one session would each change what the other shows, so the
 * copy begins a session of its own. Who was first is known because it answers; a page that was
 * reloaded or closed does not.
 */
const ANSWER_MS = 150;
const CHANNEL = 'spillway.tabs';

/**
 * Before the session is opened: gives up a token that another open page of the same kind uses.
 * From then on this page answers for its own.
 * @param {string} page what kind of page this is: different kinds share a session
 * @param {import('../client/store.js').TokenStore} store
 * @returns {Promise<boolean>} whether the token was given up
 */
export async function keepToOwnTab(page, store) {
    const channel = new BroadcastChannel(CHANNEL);
    const id = `${page}-${Math.random().toString(36).slice(2)}`;
    const token = store.get();
    const is_taken = token !== null && (await isTaken(channel, { id, page, token }));
    if (is_taken) {
        store.delete();
    }
    channel.addEventListener('message', ({ data }) => {
        if (data.page === page && data.token !== undefined && data.token === store.get()) {
            channel.postMessage({ answers: data.id });
        }
    });
    return is_taken;
}

function isTaken(channel, question) {
    return new Promise((resolve) => {
        const end = (is_taken) => {
            clearTimeout(timer);
            channel.removeEventListener('message', hear);
            resolve(is_taken);
        };
        const hear = ({ data }) => data.answers === question.id && end(true);
        const timer = setTimeout(() => end(false), ANSWER_MS);
        channel.addEventListener('message', hear);
        channel.postMessage(question);
    });
}
