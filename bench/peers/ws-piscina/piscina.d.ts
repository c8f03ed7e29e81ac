/** What the server uses of piscina, so that types are checked where only the project's own packages are installed. */
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
