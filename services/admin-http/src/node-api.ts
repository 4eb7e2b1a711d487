import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  HttpException,
  Inject,
  Injectable,
  Param,
  Post,
  Req,
  ServiceUnavailableException,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import type { Bus } from '@switchyard/bus';
import { decode, encode, type GossipAnswer, type NodeList, subjects } from '@switchyard/contracts';
import { AppError, failures } from '@switchyard/domain';
import type { FastifyRequest } from 'fastify';
import { NodeTasks, readNodeTask, type ReadTask } from './node-tasks.js';

/** What an executor says of itself, and takes. */
export interface NodeFacts {
  /** Runs a job on a backend of its own, past the router. */
  send(job: ReadTask & { readonly account: string }): Promise<{
    readonly jobId: string;
    readonly backendId: string;
    readonly estimatedTokens: number;
  }>;
  readonly isDraining: boolean;
  readonly inFlight: number;
  /** Slots of all its backends. */
  readonly slots: number;
}

/** What the node API is made from. */
export type NodeApiOptions = {
  readonly bus: Pick<Bus, 'ask'>;
  readonly node: NodeFacts;
  /** Name of the instance. */
  readonly nodeId: string;
  /** Whose key it is; undefined for one that is not accepted. Nobody needs one: `default`. */
  readonly accountOf: (key: string | undefined) => string | undefined;
  /** Unix ms. */
  readonly now: () => number;
  /** How long the process runs. */
  readonly uptimeMs: () => number;
};

/** The token under which a node's options are injected. */
export const nodeApiOptions = Symbol('NodeApiOptions');

/** A request, and whose it is. */
type Asked = FastifyRequest & { account: string };

/** Lets the keys of the gateway in. */
@Injectable()
class KeyGuard implements CanActivate {
  constructor(@Inject(nodeApiOptions) private readonly options: NodeApiOptions) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Asked>();
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const account = this.options.accountOf(key);
    request.account = account ?? '';
    if (account !== undefined) return true;
    throw new UnauthorizedException('send an API key as "Authorization: Bearer <key>"');
  }
}

/** What one executor answers for itself, in the words of an older API. */
@Controller('api/v1')
@UseGuards(KeyGuard)
export class NodeController {
  readonly #tasks: NodeTasks;

  constructor(@Inject(nodeApiOptions) private readonly options: NodeApiOptions) {
    this.#tasks = new NodeTasks(options.bus);
  }

  /** A job for this very executor: past the router, and tracked like any other. */
  @Post('tasks')
  @HttpCode(202)
  async submit(@Req() request: Asked, @Body() body: unknown): Promise<object> {
    const { node, nodeId, now } = this.options;
    const { account } = request;
    const sent = await told(async () => node.send({ ...readNodeTask(body, now()), account }));
    return {
      task_id: sent.jobId,
      node_id: nodeId,
      backend: sent.backendId,
      status: 'assigned',
      message: 'The task is sent to a backend of this node.',
      estimated_tokens: sent.estimatedTokens,
      queue_position: 0,
    };
  }

  @Get('tasks/failed')
  failed(@Req() request: Asked): Promise<object> {
    return told(() => this.#tasks.failed(request.account));
  }

  @Get('tasks/:id')
  task(@Req() request: Asked, @Param('id') id: string): Promise<object> {
    return told(() => this.#tasks.get(request.account, id));
  }

  @Get('status')
  status(): object {
    const { node, uptimeMs } = this.options;
    return {
      node_status: node.isDraining ? 'draining' : 'active',
      capacity: node.slots,
      // No job waits at a node: it is sent once a slot is free.
      queue_size: 0,
      worker_pool_size: node.slots,
      uptime_s: Math.floor(uptimeMs() / 1_000),
    };
  }

  @Get('capacity')
  capacity(): object {
    const { node } = this.options;
    return {
      max_concurrent_tasks: node.slots,
      current_concurrent_tasks: node.inFlight,
      max_queue_size: 0,
      current_queue_size: 0,
    };
  }

  @Get('queue/stats')
  queue(): object {
    return { size: 0, capacity: 0, peak: 0, in_flight: this.options.node.inFlight };
  }

  @Get('peers')
  async peers(): Promise<object> {
    const { nodes } = decode<NodeList>(await this.#ask('nodes', '{}'));
    const peers = nodes.map((node) => [
      node.instanceId,
      {
        status: node.liveness === 'suspect' ? 'suspected' : node.liveness,
        last_seen: new Date(node.lastHeartbeatAtMs).toISOString(),
        latency_ms: node.roundTripMs ?? null,
        load: node.capacity > 0 ? node.inFlight / node.capacity : 0,
      },
    ]);
    return { peers: Object.fromEntries(peers), count: peers.length };
  }

  @Post('gossip')
  @HttpCode(200)
  async gossip(@Body() said: unknown): Promise<object> {
    const isObject = typeof said === 'object' && said !== null;
    const answer = await this.#ask('gossip', encode(isObject ? said : {}));
    const { verdict } = decode<GossipAnswer>(answer);
    return { status: verdict === 'malformed' ? 'ignored' : 'received' };
  }

  #ask(verb: string, text: string): Promise<Uint8Array> {
    const asked = this.options.bus.ask(subjects.rpc('health-monitor', verb), text, 2_000);
    return asked.catch(() => {
      throw new ServiceUnavailableException('the health-monitor does not answer');
    });
  }
}

/** Does it; what fails is told in the words and with the status of the gateway's API. */
async function told<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (caught) {
    const { code, message, details, retryAfterMs } = AppError.from(caught);
    const error = { code, message, details, retryAfterMs };
    throw new HttpException({ success: false, error }, failures[code].httpStatus);
  }
}
