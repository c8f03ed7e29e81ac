/** `@tesseract.js-data/eng` ships no types: it tells where its data lies, one folder a kind of model. */
declare module '@tesseract.js-data/eng' {
  const language: { readonly code: string; readonly gzip: boolean; readonly langPath: string };
  export default language;
}
