// What a doctor's page gains from script, besides the conversation (talk.js): tabs, pictures in full.

import { enhanceEach } from '../dom.js';
import { diagnosis } from './diagnosis.js';
import { panes } from './panes.js';
import { zoom } from './zoom.js';

enhanceEach(document, '[data-panes]', panes);
enhanceEach(document, 'a[data-zoom]', zoom);
enhanceEach(document, 'select[data-diagnosis]', diagnosis);
