/** Entry point of the page Cameras. */
import { CamerasPage } from './cameras-page.ts';

new CamerasPage().start();
