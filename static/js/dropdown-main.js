import { defaultStore } from '../client/store.js';
import { Session } from '../spillway.js';
import { Banner } from './banner.js';
import { byId, icon } from './dom.js';
import { DropdownApp } from './dropdown.js';
import { Meter } from './meter.js';
import { keepToOwnTab } from './own-tab.js';
import { Theme } from './theme.js';

const wire = new URLSearchParams(location.search).get('wire') === 'arrow' ? 'arrow' : 'json';
const theme = new Theme();
const session = new Session(undefined, { app: 'explore', wire, flow: { window: 2 } });
const banner = new Banner(session, () => location.reload());

byId('banner-place').replaceWith(banner.element);
byId('meter-place').replaceWith(new Meter(session).element);
byId('theme').append(icon('theme'));
byId('theme').addEventListener('click', () => theme.toggle());

export const app = new DropdownApp(session, theme, {
    picker: byId('table-picker'),
    controls: byId('controls'),
    problem: byId('problem'),
    driven: byId('driven'),
    choices: byId('choices'),
    compared: byId('compared'),
});

if (await keepToOwnTab('dropdown', defaultStore())) {
    banner.note('The tab that this one was copied from keeps its session; this one has its own, without the tables of the other.');
}
session.start();
