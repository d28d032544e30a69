// A server for the client's own tests: it answers what a test tells it to, forgets what it is told
// to forget, and cuts lines when asked. What a real server must answer is tested elsewhere.
import { WebSocketServer } from 'ws';

export class FakeServer {
    /** Every message that came, in order: {method, params, id, connection}. */
    received = [];
    /** method: (params, connection) => result; throwing {code, message} answers with that error. */
    methods = {};
    connections = [];
    refuses = false;
    #wss;
    #wakes = new Set();
    #tokens = 0;

    static async start() {
        const server = new FakeServer();
        await server.#listen();
        return server;
    }

    async #listen() {
        this.#wss = new WebSocketServer({
            host: '127.0.0.1',
            port: 0,
            verifyClient: () => !this.refuses,
            handleProtocols: (offered) => [...offered][0],
        });
        await new Promise((resolve) => { this.#wss.once('listening', resolve); });
        this.url = `ws://127.0.0.1:${this.#wss.address().port}/ws`;
        this.sessions = new Map();
        this.methods['session.open'] = (params) => this.#open(params);
        this.#wss.on('connection', (ws) => this.#connected(ws));
    }

    #open({ resume }) {
        if (resume !== undefined && !this.sessions.has(resume)) {
            throw { code: -32010, message: 'This session is not known here, or it has ended.' };
        }
        const token = resume ?? `token-${++this.#tokens}`;
        const session = this.sessions.get(token) ?? { inputs: {}, outputs: [] };
        this.sessions.set(token, session);
        return {
            session: `name-of-${token}`, token, resumed: resume !== undefined, app: null, idle_timeout_s: 60, limits: {},
            server: { name: 'fake', version: '0', protocol: 1 }, tables: [], inputs: session.inputs, outputs: session.outputs,
        };
    }

    #connected(ws) {
        const connection = this.connections.push(ws) - 1;
        ws.on('message', (data) => {
            const message = { ...JSON.parse(data), connection };
            this.received.push(message);
            const { method, params, id } = message;
            try {
                const result = (this.methods[method] ?? (() => ({})))(params, connection);
                if (id !== undefined && result !== undefined) {
                    ws.send(JSON.stringify({ jsonrpc: '2.0', id, result }));
                }
            } catch (error) {
                ws.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: error.code, message: error.message } }));
            }
            this.#wakes.forEach((wake) => wake());
        });
    }

    get last() { return this.connections[this.connections.length - 1]; }

    push(method, params) { this.last.send(JSON.stringify({ jsonrpc: '2.0', method, params })); }
    pushBytes(bytes) { this.last.send(bytes, { binary: true }); }
    answer(id, result) { this.last.send(JSON.stringify({ jsonrpc: '2.0', id, result })); }
    cut() { this.last.terminate(); }
    close(code, reason) { this.last.close(code, reason); }

    /** All messages of a method so far. */
    all(method) { return this.received.filter((message) => message.method === method); }

    /** Waits for the n-th message of a method (n from 1). */
    async nth(method, n = 1) {
        while (this.all(method).length < n) {
            await new Promise((resolve) => {
                const wake = () => { this.#wakes.delete(wake); resolve(); };
                this.#wakes.add(wake);
            });
        }
        return this.all(method)[n - 1];
    }

    async stop() {
        this.connections.forEach((ws) => ws.terminate());
        await new Promise((resolve) => { this.#wss.close(resolve); });
    }
}
