/**
 * The layers of `src`, top first. A file may import from its own layer and from those above it in this list, never below.
 */
const layers = [
  ['contract', '^src/(protocol\\.ts$|errors\\.ts$|jpeg/)'],
  ['samples', '^src/samples/'],
  ['load', '^src/load/'],
  ['config', '^src/config\\.ts$'],
  ['observe', '^src/observe/'],
  ['models', '^src/models/'],
  ['tools', '^src/tools/'],
  ['pipeline', '^src/pipeline/'],
  ['pool contract', '^src/pool/messages\\.ts$'],
  ['worker', '^src/worker/'],
  ['pool', '^src/pool/(?!messages)'],
  ['session', '^src/session/'],
  ['server', '^src/server/'],
  ['client', '^src/client/'],
  ['web', '^src/web/'],
  ['camera', '^src/camera/'],
  ['command line', '^src/(cli(/|\\.ts$)|launch\\.ts$)'],
];

const downwards = layers.slice(0, -1).map(([name, path], index) => ({
  name: `${name} imports nothing below it`,
  severity: 'error',
  from: { path },
  to: { path: layers.slice(index + 1).map(([, below]) => below) },
}));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'only the command line imports the load generator',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(load|cli)' },
      to: { path: '^src/load/' },
    },
    {
      name: 'only the load generator, the command line and the console import samples',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(samples|load|cli|web)' },
      to: { path: '^src/samples/' },
    },
    {
      name: 'the console imports only the client, the contract and the samples, and no packages',
      severity: 'error',
      from: { path: '^src/web/' },
      to: { pathNot: '^src/(web/|client/index\\.ts$|protocol\\.ts$|samples/)' },
    },
    {
      name: 'nothing imports the console',
      severity: 'error',
      from: { pathNot: '^src/web/' },
      to: { path: '^src/web/' },
    },
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nothing unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'the server imports no models, tools, pipelines or workers',
      severity: 'error',
      from: { path: '^src/(server|session|pool)/' },
      to: { path: '^src/(models|tools|pipeline|worker)/' },
    },
    {
      name: 'the worker imports no server or session code',
      severity: 'error',
      from: { path: '^src/(worker|pipeline|tools|models)/' },
      to: { path: '^src/(server|session)/' },
    },
    {
      name: 'the client imports only the contract',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/', pathNot: '^src/(client/|protocol\\.ts$)' },
    },
    {
      name: 'the client needs no package except ws on Node',
      severity: 'error',
      from: { path: '^src/client/', pathNot: '^src/client/(node|refusal)\\.ts$' },
      to: { dependencyTypesNot: ['local'] },
    },
    {
      name: 'the camera bridge imports only the contract and the client',
      severity: 'error',
      from: { path: '^src/camera/' },
      to: { path: '^src/', pathNot: '^src/(camera/|client/|jpeg/|(protocol|errors)\\.ts$)' },
    },
    {
      name: 'onnxruntime-node only in models/onnx-model.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/models/onnx-model\\.ts$' },
      to: { path: 'node_modules/onnxruntime' },
    },
    {
      name: 'uWebSockets.js only in server/uws.ts',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/server/uws\\.ts$' },
      to: { path: 'node_modules/uWebSockets' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
