/**
 * Switches off the telemetry of ONNX Runtime, which from 1.30 on keeps a database in the user's cache folder and sends events
 * to its maker. Imported for its effect, before the library: it reads the variable once, when it is loaded. A worker thread
 * only has a copy of the environment, so the main thread imports this too, before it starts any.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
