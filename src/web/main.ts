/** The console's entry: starts it on the page that has loaded it. */
import { Controller } from './controller.ts';

await new Controller().start();
