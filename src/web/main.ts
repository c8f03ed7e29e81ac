/** Entry point of the console. */
import { Controller } from './controller.ts';

await new Controller().start();
