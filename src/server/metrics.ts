// Numbers for Prometheus. The only importer of prom-client; names start with sa_.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'sa_http_requests_total',
    help: 'Requests answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'sa_http_request_seconds',
    help: 'Time until a request was answered; event streams are left out.',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.#registry],
  });

  /** `jobs` is asked at each scrape: how many jobs wait and run. */
  constructor(jobs: () => { readonly queued: number; readonly running: number }) {
    collectDefaultMetrics({ register: this.#registry, prefix: 'sa_' });
    new Gauge({
      name: 'sa_jobs',
      help: 'Jobs that wait or run.',
      labelNames: ['state'],
      registers: [this.#registry],
      collect() {
        const { queued, running } = jobs();
        this.set({ state: 'queued' }, queued);
        this.set({ state: 'running' }, running);
      },
    });
  }

  answered(of: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: number | undefined;
  }): void {
    this.#requests.inc({ method: of.method, route: of.route, status: String(of.status) });
    if (of.seconds !== undefined) this.#seconds.observe({ route: of.route }, of.seconds);
  }

  get type(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
