/** Keeps ONNX Runtime from writing and sending usage data. Imported for its effect before the library, which looks once. */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
