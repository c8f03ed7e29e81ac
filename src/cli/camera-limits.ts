/** The most that a camera's options may say, for the command line and for the file of `--sources`. Imports nothing. */
export const maxFps = 240;
export const maxWidth = 8192;
export const maxStallTimeoutS = 3600;
