/** The part of piscina's types that the server uses, so type checks work without piscina installed. */
declare module 'piscina' {
  export class Piscina<Task, Answer> {
    constructor(options: {
      readonly filename: string;
      readonly minThreads: number;
      readonly maxThreads: number;
      readonly maxQueue?: number;
      readonly workerData: unknown;
    });
    run(task: Task): Promise<Answer>;
    close(options: { readonly force: boolean }): Promise<void>;
  }
}
