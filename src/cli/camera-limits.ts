/** Upper limits of a camera's options, for the command line and the `--sources` file. Imports nothing. */
export const maxFps = 240;
export const maxWidth = 8192;
export const maxStallTimeoutS = 3600;
