/** Types for `@tesseract.js-data/eng`, which ships none. It exports the path of its data: one folder per kind of model. */
declare module '@tesseract.js-data/eng' {
  const language: { readonly code: string; readonly gzip: boolean; readonly langPath: string };
  export default language;
}
