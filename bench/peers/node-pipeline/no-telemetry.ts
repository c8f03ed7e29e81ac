/** Disables ONNX Runtime's telemetry. Must be imported before the library, which reads the variable once. */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
