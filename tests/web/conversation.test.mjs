// Every file of tests/conversation is a test.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { parse, play } from './support/conversation.mjs';
import { ROOT, Server } from './support/server.mjs';

const folder = path.join(ROOT, 'tests/conversation');
const files = readdirSync(folder).filter((file) => file.endsWith('.io')).sort();

let server;
before(async () => { server = await Server.start(); });

test('there are conversations', () => assert.ok(files.length > 0));

for (const file of files) {
    const { title } = parse(readFileSync(path.join(folder, file), 'utf8'));
    test(`${file.replace('.io', '')}: ${title}`, { timeout: 120_000 }, () => play(server, path.join(folder, file)));
}

test('the server ends cleanly', () => server.stop());
