/**
 * Disables the telemetry of ONNX Runtime, which since 1.30 keeps a database in the user's cache folder and sends events to Microsoft.
 * Imported for its side effect, before the library: the variable is read once, on load. Worker threads have only a copy of the
 * environment, so the main thread must import this before starting any.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
