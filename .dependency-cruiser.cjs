/**
 * The layers of `src`, top first. A file may import only from its own layer and from layers above it in this list.
 */
const layers = [
  [
    'contract',
    '^src/(protocol|status|errors|engine-link|session-state|providers|url-host|shown-url|number-text|number-schema|statistics)\\.ts$|^src/jpeg/',
  ],
  ['load', '^src/load/'],
  ['gpu', '^src/gpu/'],
  ['config', '^src/(config|broker-config|gpu-config|settings|cpu-quota)\\.ts$'],
  ['observe', '^src/observe/'],
  ['auth', '^src/auth/'],
  ['models', '^src/models/'],
  ['zones', '^src/zones/'],
  ['tracking', '^src/tracking/'],
  ['votes', '^src/votes/'],
  ['tools', '^src/tools/'],
  ['pipeline', '^src/pipeline/'],
  ['pool contract', '^src/pool/messages\\.ts$'],
  ['broker', '^src/broker/'],
  ['worker', '^src/worker/'],
  ['pool', '^src/pool/(?!messages)'],
  ['host', '^src/host/'],
  ['session', '^src/session/'],
  ['server', '^src/server/'],
  ['client', '^src/client/'],
  ['web', '^src/web/'],
  ['camera', '^src/camera/'],
  ['command line', '^src/(cli(/|\\.ts$)|launch\\.ts$)'],
];

const downwards = layers.slice(0, -1).map(([name, path], index) => ({
  name: `${name} must not import lower layers`,
  severity: 'error',
  from: { path },
  to: { path: layers.slice(index + 1).map(([, below]) => below) },
}));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'only the command line generates load',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(load|cli)' },
      to: { path: '^src/load/' },
    },
    {
      name: 'the console imports only the client and the contract',
      severity: 'error',
      from: { path: '^src/web/' },
      to: { pathNot: '^src/(web/|client/index\\.ts$|(protocol|statistics|status)\\.ts$)' },
    },
    {
      name: 'no other code imports the console',
      severity: 'error',
      from: { pathNot: '^src/web/' },
      to: { path: '^src/web/' },
    },
    {
      name: 'tracking imports only the contract',
      severity: 'error',
      from: { path: '^src/tracking/' },
      to: { path: '^src/', pathNot: '^src/(tracking/|protocol\\.ts$)' },
    },
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no unresolved imports', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'the server must not import models',
      severity: 'error',
      from: { path: '^src/(server|session|pool)/' },
      to: { path: '^src/(models|tools|pipeline|worker)/' },
    },
    {
      name: 'the worker must not import the server',
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
      name: 'the client uses no packages except ws on Node',
      severity: 'error',
      from: { path: '^src/client/', pathNot: '^src/client/(node|refusal)\\.ts$' },
      to: { dependencyTypesNot: ['local'] },
    },
    {
      name: 'the camera bridge imports only the contract and the client',
      severity: 'error',
      from: { path: '^src/camera/' },
      to: { path: '^src/', pathNot: '^src/(camera/|client/|jpeg/|(protocol|errors|statistics)\\.ts$)' },
    },
    {
      name: 'only auth/jwks.ts imports jose',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/auth/jwks\\.ts$' },
      to: { path: 'node_modules/jose' },
    },
    {
      name: 'only models/onnx-session.ts imports onnxruntime-node',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/models/onnx-session\\.ts$' },
      to: { path: 'node_modules/onnxruntime' },
    },
    {
      name: 'only src/broker imports the NATS client',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/broker/(broker|connection-options)\\.ts$' },
      to: { path: 'node_modules/@nats-io' },
    },
    {
      name: 'only camera/publish/mqtt-connection.ts imports the MQTT client',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/camera/publish/mqtt-connection\\.ts$' },
      to: { path: 'node_modules/mqtt' },
    },
    {
      name: 'only server/uws.ts imports uWebSockets.js',
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
