import { defaultStore } from '../client/store.js';
import { Session } from '../spillway.js';
import { App } from './app.js';
import { Banner } from './banner.js';
import { byId, icon } from './dom.js';
import { Meter } from './meter.js';
import { keepToOwnTab } from './own-tab.js';
import { SessionDialog } from './session-dialog.js';
import { Start } from './start.js';
import { Theme } from './theme.js';
import { UploadsView } from './uploads-view.js';

const wire = new URLSearchParams(location.search).get('wire') === 'arrow' ? 'arrow' : 'json';
const theme = new Theme();
const session = new Session(undefined, { app: 'explore', wire, flow: { window: 2 } });
const banner = new Banner(session, () => location.reload());
const uploads_view = new UploadsView(session);
const start = new Start({ upload: (files) => app.upload(files), open: (table) => app.open(table) });
const app = new App({ session, theme, start, uploads_view, picker: byId('table-picker'), main: byId('table-view') });
const dialog = new SessionDialog(session, () => location.reload());

byId('banner-place').replaceWith(banner.element);
byId('start-place').replaceWith(uploads_view.element, start.element);
byId('meter-place').replaceWith(new Meter(session).element);
byId('add-file').prepend(icon('upload'));
byId('add-file').addEventListener('click', () => start.choose());
byId('theme').append(icon('theme'));
byId('theme').addEventListener('click', () => theme.toggle());
byId('session').addEventListener('click', () => dialog.open());

if (await keepToOwnTab('explore', defaultStore())) {
    banner.note('The tab that this one was copied from keeps its session; this one has its own, without the tables of the other.');
}
session.start();
