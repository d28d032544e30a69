// One user's day: changes of every kind, one after another, and a model in plain arrays of what
// each of them makes. After a recovery the server must show the model as of the last change that
// was acknowledged, or with the one that was under way.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { RpcError, request } from '../web/support/client.mjs';
import { until } from '../web/support/server.mjs';

const HISTORY = 40; // steps back that the model looks

/** An answer that says no: nothing was promised. */
export class Refused extends Error {
    constructor(answer) {
        super(`${answer.status} ${answer.text}`);
        this.status = answer.status;
    }
}

function expect(status, answer) {
    if (answer.status !== status) {
        throw new Refused(answer);
    }
}

const csvOf = (rows) => 'id,x\n' + rows.map(([id, x]) => `${id},${x}\n`).join('');

/** Everything that was acknowledged. Rows are never changed in place, so a copy is cheap. */
function copy(model) {
    return {
        tables: Object.fromEntries(Object.entries(model.tables).map(([name, table]) => [name, { ...table }])),
        inputs: { ...model.inputs }, outputs: { ...model.outputs },
        uploads: Object.fromEntries(Object.entries(model.uploads).map(([id, upload]) => [id, { ...upload }])),
    };
}

function edited(table, rows) {
    return isDeepStrictEqual(rows, table.rows) ? table : { rows, undo: [...table.undo, table.rows].slice(-HISTORY), redo: [] };
}

export class Story {
    model = { tables: {}, inputs: {}, outputs: {}, uploads: {} };
    next = null; // the model with the change that is under way
    serial = 0;
    told = 0; // acknowledgements
    wasRefused = false; // the last change was

    constructor(random) { this.random = random; }

    /** The change and what it makes of the model: [model, () => Promise]. */
    #choose(client) {
        const { random } = this;
        const after = copy(this.model);
        const names = Object.keys(after.tables);
        const uploads = Object.entries(after.uploads);
        if (names.length === 0) {
            return this.#put(client, after, 200);
        }
        const name = random.of(names);
        const table = after.tables[name];
        if (names.length > 12) { // a long day does not end at the limit of tables
            delete after.tables[name];
            return [after, () => client.call('table.drop', { table: name })];
        }
        switch (random.below(14)) {
        case 0: case 1: case 2: {
            const rows = Array.from({ length: 1 + random.below(3) }, () => [++this.serial, random.below(1000)]);
            after.tables[name] = edited(table, [...table.rows, ...rows]);
            return [after, () => client.call('table.append', { table: name, rows: rows.map(([id, x]) => ({ id, x })) })];
        }
        case 3: case 4: {
            const below = random.below(this.serial);
            after.tables[name] = edited(table, table.rows.map(([id, x]) => (id < below ? [id, x + 1] : [id, x])));
            return [after, () => client.call('table.update', { table: name, where: `id < ${below}`, set: { x: { expr: 'x + 1' } } })];
        }
        case 5: {
            const [id] = table.rows.length > 5 ? random.of(table.rows) : [-1];
            after.tables[name] = edited(table, table.rows.filter((row) => row[0] !== id));
            return [after, () => client.call('table.delete_rows', { table: name, where: `id = ${id}` })];
        }
        case 6:
            if (table.undo.length > 0) {
                after.tables[name] = { rows: table.undo.at(-1), undo: table.undo.slice(0, -1), redo: [...table.redo, table.rows] };
                return [after, () => client.call('table.undo', { table: name })];
            }
            // falls through
        case 7: {
            after.inputs[`i${random.below(3)}`] = random.below(1_000_000);
            return [after, () => client.call('input.set', { values: { ...after.inputs } })];
        }
        case 8: {
            const output = `o${random.below(4)}`;
            after.outputs[output] = { output, kind: 'histogram', table: name };
            return [after, () => client.call('output.define', { output, kind: 'histogram', table: name, x: 'x', bins: 5 + random.below(20) })];
        }
        case 9:
            return this.#put(client, after, 50 + random.below(3000));
        case 10: {
            if (uploads.length >= 2) {
                return this.#patch(client, after, random.of(uploads));
            }
            const rows = Array.from({ length: 100 + random.below(2000) }, () => [++this.serial, random.below(1000)]);
            const table_ = `t${this.serial}`;
            return [after, async () => {
                const answer = await this.#tus(client, 'POST', '/files', {
                    'Upload-Length': String(csvOf(rows).length), 'Upload-Metadata': `table ${btoa(table_)}`,
                });
                expect(201, answer);
                after.uploads[answer.headers.location] = { rows, table: table_, offset: 0 };
            }];
        }
        default: {
            if (uploads.length > 0) {
                return this.#patch(client, after, random.of(uploads));
            }
            if (names.length < 4) {
                return this.#put(client, after, 20);
            }
            delete after.tables[name];
            for (const [output, about] of Object.entries(after.outputs)) {
                if (about.table === name) {
                    after.outputs[output] = about; // it stays, and shows an error
                }
            }
            return [after, () => client.call('table.drop', { table: name })];
        }
        }
    }

    #tus(client, method, url, headers, body) {
        return request(client.server, method, url, { body, headers: { 'Tus-Resumable': '1.0.0', Authorization: `Bearer ${client.token}`, ...headers } });
    }

    #put(client, after, count) {
        const rows = Array.from({ length: count }, () => [++this.serial, this.random.below(1000)]);
        const name = `t${this.serial}`;
        after.tables[name] = { rows, undo: [], redo: [] };
        return [after, async () => {
            const answer = await client.put(`/upload/${name}.csv`, csvOf(rows));
            expect(201, answer);
        }];
    }

    #patch(client, after, [url, upload]) {
        const bytes = Buffer.from(csvOf(upload.rows));
        const from = upload.offset;
        const to = Math.min(bytes.length, from + 1 + this.random.below(8000));
        if (to === bytes.length) {
            delete after.uploads[url];
            after.tables[upload.table] = { rows: upload.rows, undo: [], redo: [] };
        } else {
            after.uploads[url].offset = to;
        }
        return [after, async () => {
            const answer = await this.#tus(client, 'PATCH', url, { 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' }, bytes.subarray(from, to));
            expect(204, answer);
        }];
    }

    /** One change. What does not come to an answer stays in `next`. */
    async step(client) {
        const [after, perform] = this.#choose(client);
        this.next = after;
        await perform();
        this.told += 1;
        this.model = after;
        this.next = null;
    }

    /** All that the server shows of the session, in the model's form. */
    async #look(client, models) {
        const unfinished = await this.#settleUploads(client, models);
        const seen = { tables: {}, inputs: await client.call('input.list'), outputs: {} };
        for (const { table } of await client.call('table.list')) {
            const isKnown = models.some((model) => table in model.tables);
            const isUpload = !isKnown && (await client.call('table.describe', { table })).status === 'loading';
            if (unfinished.has(table) || isUpload) { // or one whose maker never heard of it
                continue;
            }
            const rows = [];
            for (let page; page === undefined || rows.length < page.rows;) {
                page = await client.call('table.page', { table, limit: 1000, offset: rows.length });
                page.data[0].forEach((id, i) => rows.push([id, page.data[1][i]]));
                if (page.rows === 0) {
                    break;
                }
            }
            seen.tables[table] = rows;
        }
        for (const { output, kind, table } of await client.call('output.list')) {
            seen.outputs[output] = { output, kind, table };
        }
        return seen;
    }

    /** Names of tables that are still uploads. One whose bytes are all there becomes a table soon. */
    async #settleUploads(client, models) {
        const unfinished = new Set();
        const uploads = Object.assign({}, ...models.map((model) => model.uploads));
        for (const [url, { rows, table }] of Object.entries(uploads)) {
            const answer = await this.#tus(client, 'HEAD', url, {});
            if (Number(answer.headers['upload-offset']) < csvOf(rows).length) {
                unfinished.add(table);
                continue;
            }
            await until(`${table} to be read`, async () => {
                const about = await client.call('table.describe', { table }).catch(() => ({}));
                return about.status !== 'loading';
            });
        }
        return unfinished;
    }

    static #shows(seen, model) {
        return isDeepStrictEqual(seen.inputs, model.inputs) && isDeepStrictEqual(seen.outputs, model.outputs) &&
            isDeepStrictEqual(seen.tables, Object.fromEntries(Object.entries(model.tables).map(([name, { rows }]) => [name, rows])));
    }

    /** Where the server and the model part, in words. */
    static #difference(seen, model) {
        const words = [];
        for (const what of ['inputs', 'outputs']) {
            if (!isDeepStrictEqual(seen[what], model[what])) {
                words.push(`${what} ${JSON.stringify(seen[what])} instead of ${JSON.stringify(model[what])}`);
            }
        }
        for (const name of new Set([...Object.keys(seen.tables), ...Object.keys(model.tables)])) {
            const [is, was] = [seen.tables[name], model.tables[name]?.rows];
            if (!isDeepStrictEqual(is, was)) {
                const at = is?.findIndex((row, i) => !isDeepStrictEqual(row, was?.[i]));
                words.push(`table ${name}: ${is?.length} rows instead of ${was?.length}; at ${at}: ${is?.[at]} instead of ${was?.[at]}`);
            }
        }
        return words.join('\n');
    }

    /** The server has what it acknowledged, and nothing half. Takes one of `models` as the truth. */
    async verify(client, models = this.next === null ? [this.model] : [this.model, this.next], context = '') {
        const seen = await this.#look(client, models);
        const found = models.findLast((model) => Story.#shows(seen, model));
        assert.ok(found, `${context}: what was acknowledged is not what is there:\n${Story.#difference(seen, models[0])}\n--- or\n${models.length > 1 ? Story.#difference(seen, models.at(-1)) : ''}`);
        this.model = copy(found);
        await this.#verifyUploads(client, models, context);
        this.next = null;
    }

    async #verifyUploads(client, models, context) {
        for (const [url, upload] of Object.entries(this.model.uploads)) {
            const answer = await this.#tus(client, 'HEAD', url, {});
            const most = Math.max(...models.map((model) => model.uploads[url]?.offset ?? csvOf(upload.rows).length));
            const least = Math.min(...models.map((model) => model.uploads[url]?.offset ?? Infinity));
            const offset = Number(answer.headers['upload-offset']);
            if (answer.status === 410 && this.wasRefused) {
                delete this.model.uploads[url]; // a sync that failed ended it, and its sender was told so
                continue;
            }
            if (answer.status === 404 && models.some((model) => !(url in model.uploads))) {
                delete this.model.uploads[url]; // it was not acknowledged
                continue;
            }
            assert.equal(answer.status, 200, `${context}: upload ${url}`);
            assert.ok(offset >= least && offset <= most, `${context}: upload at ${offset}, acknowledged ${least}, sent ${most}`);
            this.model.uploads[url].offset = offset;
        }
    }

    /** An undo goes back to what the model has. */
    async verifyUndo(client) {
        for (const [name, table] of Object.entries(this.model.tables)) {
            if (table.undo.length > 0 && this.random.below(4) === 0) {
                const after = copy(this.model);
                after.tables[name] = { rows: table.undo.at(-1), undo: table.undo.slice(0, -1), redo: [...table.redo, table.rows] };
                this.next = after;
                await client.call('table.undo', { table: name });
                await this.verify(client, [after], `undo of ${name}`);
            }
        }
    }

    static isRefusal(error) { return error instanceof RpcError || error instanceof Refused; }
}
