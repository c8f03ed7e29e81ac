/** The most that a camera's options may say, for the command line and for the file of `--sources`. Imports nothing. */
export const highestFps = 240;
export const largestWidth = 8192;
export const longestSilenceS = 3600;
